package localhost

import (
	"net/http"
	"testing"
)

func TestIs(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "LOCALHOST:8080": true, "127.0.0.1": true, "127.8.8.8:1": true, "[::1]:8080": true, "[::1]": true, "::1": true,
		"[::ffff:127.0.0.1]:80": true, "": false, "example.com": false, "localhost.example.com": false, "10.0.0.1:80": false,
		"[::]:80": false, "0.0.0.0": false, "127.0.0.1.example.com:80": false,
	} {
		if got := Is(host); got != want {
			t.Errorf("Is(%q) is %v", host, got)
		}
	}
}

func TestSent(t *testing.T) {
	for name, c := range map[string]struct {
		remote, host, header string
		want                 bool
	}{
		"here":                  {remote: "127.0.0.1:5", host: "localhost:8080", want: true},
		"from elsewhere":        {remote: "192.0.2.1:5", host: "localhost:8080"},
		"a name that is turned": {remote: "127.0.0.1:5", host: "attacker.example:8080"},
		"a proxy":               {remote: "127.0.0.1:5", host: "localhost", header: "X-Forwarded-For"},
		"a proxy by the RFC":    {remote: "127.0.0.1:5", host: "localhost", header: "Forwarded"},
	} {
		r := &http.Request{RemoteAddr: c.remote, Host: c.host, Header: http.Header{}}
		if c.header != "" {
			r.Header.Set(c.header, "x")
		}
		if got := Sent(r); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
