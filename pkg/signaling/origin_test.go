package signaling

import (
	"fmt"
	"net/http"
	"testing"
)

// originCases are what S-09 tries: the Host and Origin headers, with https://meet.example.org as the allowed origin.
var originCases = []struct {
	host, origin string
	ok           bool
}{
	{"sfu.test", "", true},
	{"sfu.test", "https://sfu.test", true},
	{"sfu.test", "http://sfu.test", true},
	{"sfu.test:8443", "https://sfu.test:8443", true},
	{"SFU.test", "https://sfu.TEST", true},
	{"sfu.test", "https://meet.example.org", true},
	{"sfu.test", "HTTPS://Meet.Example.org", true},
	{"sfu.test", "http://meet.example.org", false},
	{"sfu.test", "https://meet.example.org:8443", false},
	{"sfu.test", "https://meet.example.org.evil.example", false},
	{"sfu.test", "https://evil.example/https://meet.example.org", false},
	{"sfu.test", "https://evil.example", false},
	{"sfu.test", "https://sfu.test:8443", false},
	{"sfu.test", "https://sfu.test.evil.example", false},
	{"sfu.test", "https://xsfu.test", false},
	{"sfu.test", "https://sfu.test@evil.example", false},
	{"sfu.test", "sfu.test", false},
	{"sfu.test", "ftp://sfu.test", false},
	{"sfu.test", "null", false},
	{"sfu.test", "file://", false},
	{"sfu.test", "https://", false},
	{"", "https://", false},
	{"sfu.test", " ", false},
	{"sfu.test", "*", false},
	{"sfu.test", "chrome-extension://abcdefgh", false},
}

func TestOriginTable(t *testing.T) {
	wrong := 0
	o := Origins{"https://meet.example.org"}
	for _, c := range originCases {
		r := &http.Request{Host: c.host, Header: http.Header{}}
		if c.origin != "" {
			r.Header.Set("Origin", c.origin)
		}
		if got := o.allow(r); got != c.ok {
			wrong++
			t.Errorf("host %q, origin %q: %v", c.host, c.origin, got)
		}
	}
	two := &http.Request{Host: "sfu.test", Header: http.Header{"Origin": {"https://sfu.test", "https://evil.example"}}}
	if o.allow(two) {
		wrong++
		t.Error("two origins are allowed")
	}
	figure(t, "S-09/origins", fmt.Sprintf("0 of %d judged wrongly", len(originCases)+1), wrong, wrong == 0)
}

func TestOriginsCheck(t *testing.T) {
	for s, ok := range map[string]bool{
		"https://a.example": true, "http://localhost:3000": true,
		"": false, "*": false, "a.example": false, "https://a.example/": false, "https://a.example/x": false, "ws://a.example": false,
		"https://u@a.example": false, "https://": false, "HTTPS://a.example": false,
	} {
		if err := (Origins{s}).Check(); (err == nil) != ok {
			t.Errorf("%q: %v", s, err)
		}
	}
}
