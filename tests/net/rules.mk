# Programs that the end-to-end tests drive: the real code of net behind a
# socket (httpd) and behind stdin (http1_dump).
net_PROGRAMS = $O/tests/net/httpd $O/tests/net/http1_dump

$(net_PROGRAMS): $O/tests/net/%: $O/tests/net/%.o $O/libnet.a $O/libbase.a
	$(CC) $(hf_LDFLAGS) $(LDFLAGS) -o $@ $^ $(libs_net) $(libs_base)
