mutants:                  ## plant faults in a copy; each must be caught (M=name)
	@O=$O sh tests/mutants.sh $(M)

.PHONY: mutants
