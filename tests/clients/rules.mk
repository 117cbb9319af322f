check-clients: all        ## published SDKs and programs against the gateway
	O=$O sh tests/clients/check.sh

.PHONY: check-clients
