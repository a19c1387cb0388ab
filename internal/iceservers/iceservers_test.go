package iceservers

import (
	"reflect"
	"testing"
	"time"

	"github.com/heliograph/heliograph/pkg/signaling"
)

// The vectors were made with: printf '<username>' | openssl dgst -sha1 -hmac <secret> -binary | base64
func TestCredentialVectors(t *testing.T) {
	for _, tc := range []struct {
		secret, identity string
		end              int64
		username, want   string
	}{
		{"devsecret", "alice", 1700000300, "1700000300:alice", "W/2U1WAuTA3cYho8NBVJMG4UUNM="},
	} {
		username, got := Credential(tc.secret, tc.identity, time.Unix(tc.end, 999))
		if username != tc.username || got != tc.want {
			t.Errorf("got %s %s, want %s %s", username, got, tc.username, tc.want)
		}
	}
}

func TestCredentialDependsOnAllOfItsInput(t *testing.T) {
	end := time.Unix(1700000300, 0)
	seen := map[string]bool{}
	for _, tc := range []struct {
		secret, identity string
		end              time.Time
	}{{"a", "x", end}, {"b", "x", end}, {"a", "y", end}, {"a", "x", end.Add(time.Second)}} {
		_, password := Credential(tc.secret, tc.identity, tc.end)
		if seen[password] {
			t.Errorf("%v has the password of another", tc)
		}
		seen[password] = true
	}
}

func TestList(t *testing.T) {
	static := []signaling.ICEServer{{URLs: []string{"stun:stun.example.com"}}}
	shared := Shared{URLs: []string{"turn:turn.example.com:3478"}, Secret: "devsecret"}
	now := time.Unix(1700000000, 0)
	made := signaling.ICEServer{
		URLs: shared.URLs, Username: "1700000300:alice", Credential: "W/2U1WAuTA3cYho8NBVJMG4UUNM=",
	}
	for name, tc := range map[string]struct {
		static []signaling.ICEServer
		shared Shared
		want   []signaling.ICEServer
	}{
		"nothing": {},
		"static":  {static: static, want: static},
		"shared":  {shared: shared, want: []signaling.ICEServer{made}},
		"both":    {static: static, shared: shared, want: []signaling.ICEServer{static[0], made}},
	} {
		if got := List(tc.static, tc.shared, "alice", now); !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%s: got %+v, want %+v", name, got, tc.want)
		}
	}
	if len(static) != 1 {
		t.Error("List changed the static servers")
	}
}
