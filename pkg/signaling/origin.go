package signaling

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Origins are the origins (RFC 6454, 6.2) whose pages may use this server besides its own: "https://meet.example.org".
type Origins []string

// Check returns an error for the first origin that is not scheme://host or scheme://host:port.
func (o Origins) Check() error {
	for _, s := range o {
		u, err := url.Parse(s)
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || u.Scheme+"://"+u.Host != s {
			return fmt.Errorf("the origin %.200q must look like https://meet.example.org, without a path", s)
		}
	}
	return nil
}

// allow reports whether the request comes from a page of this server, from one of an allowed origin, or from a program
// that is not a browser and sends no Origin.
func (o Origins) allow(r *http.Request) bool {
	values := r.Header.Values("Origin")
	if len(values) == 0 {
		return true
	}
	if len(values) > 1 {
		return false
	}
	origin := strings.ToLower(values[0])
	if slices.ContainsFunc(o, func(s string) bool { return strings.EqualFold(s, origin) }) {
		return true
	}
	host, ok := strings.CutPrefix(origin, "https://")
	if !ok {
		host, ok = strings.CutPrefix(origin, "http://")
	}
	return ok && host != "" && strings.EqualFold(host, r.Host)
}
