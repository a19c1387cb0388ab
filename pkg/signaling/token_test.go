package signaling

import (
	"encoding/base64"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

var tokenNow = time.Unix(1767225600, 0)

// signed makes a token as anybody could, from any header and payload.
func signed(t testing.TB, header, payload map[string]any, key any) string {
	t.Helper()
	method := jwt.GetSigningMethod(header["alg"].(string))
	tok := &jwt.Token{Header: header, Claims: jwt.MapClaims(payload), Method: method}
	s, err := tok.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func goodHeader() map[string]any { return map[string]any{"alg": "HS256", "typ": "JWT", "kid": "k1"} }

func goodPayload() map[string]any {
	return map[string]any{
		"aud": "heliograph", "sub": "ann", "room": "r", "exp": tokenNow.Unix() + 60, "nbf": tokenNow.Unix() - 60, "iss": "k1",
		"jti": "1", "name": "Ann", "attrs": map[string]string{"a": "b"},
		"grants": map[string]any{"publish": []string{"camera"}, "subscribe": true},
	}
}

// with returns m with one member changed, or removed for a nil value.
func with(m map[string]any, name string, value any) map[string]any {
	if m[name] = value; value == nil {
		delete(m, name)
	}
	return m
}

// badToken is a token that must be refused.
type badToken struct {
	name, token string
	code        Code
}

// badTokens are what S-09 tries, at tokenNow.
func badTokens(t testing.TB) []badToken {
	k1, k2 := testKeys()["k1"], []byte(strings.Repeat("2", 32))
	good := signed(t, goodHeader(), goodPayload(), k1)
	part := strings.Split(good, ".")
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","kid":"k1"}`))
	twice := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256","kid":"k1","alg":"none"}`))
	header := func(name string, v any) string { return signed(t, with(goodHeader(), name, v), goodPayload(), k1) }
	payload := func(name string, v any) string { return signed(t, goodHeader(), with(goodPayload(), name, v), k1) }
	at := tokenNow.Unix()
	return []badToken{
		{"empty", "", CodeAuthMissing},
		{"words", "let me in", CodeAuthForged},
		{"dots", "..", CodeAuthForged},
		{"too long", strings.Repeat("a", MaxTokenBytes+1), CodeAuthForged},
		{"two parts", part[0] + "." + part[1], CodeAuthForged},
		{"four parts", good + ".x", CodeAuthForged},
		{"no signature", part[0] + "." + part[1] + ".", CodeAuthForged},
		{"other signature", part[0] + "." + part[1] + "." + strings.Repeat("A", 43), CodeAuthForged},
		{"signature cut short", good[:len(good)-4], CodeAuthForged},
		{"other payload", part[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"root"}`)) + "." + part[2], CodeAuthForged},
		{"newline", part[0] + ".\n" + part[1] + "." + part[2], CodeAuthForged},
		{"padding", good + "=", CodeAuthForged},
		{"loose bits", good[:len(good)-1] + loosen(good[len(good)-1]), CodeAuthForged},
		{"another key", signed(t, goodHeader(), goodPayload(), k2), CodeAuthForged},
		{"alg none", none + "." + part[1] + ".", CodeAuthForged},
		{"alg none, signed", none + "." + part[1] + "." + part[2], CodeAuthForged},
		{"alg twice", twice + "." + part[1] + ".", CodeAuthForged},
		{"alg HS384", signed(t, with(goodHeader(), "alg", "HS384"), goodPayload(), k1), CodeAuthForged},
		{"alg HS512", signed(t, with(goodHeader(), "alg", "HS512"), goodPayload(), k1), CodeAuthForged},
		{"no kid", header("kid", nil), CodeAuthForged},
		{"kid unknown", header("kid", "k2"), CodeAuthForged},
		{"kid a path", header("kid", "../../../dev/null"), CodeAuthForged},
		{"kid a number", header("kid", 1), CodeAuthForged},
		{"crit", header("crit", []string{"b64"}), CodeAuthForged},
		{"expired", payload("exp", at-6), CodeAuthExpired},
		{"not valid yet", payload("nbf", at+6), CodeAuthExpired},
		{"no exp", payload("exp", nil), CodeAuthInvalid},
		{"no aud", payload("aud", nil), CodeAuthInvalid},
		{"another aud", payload("aud", "pigeon"), CodeAuthInvalid},
		{"another iss", payload("iss", "k2"), CodeAuthInvalid},
		{"no sub", payload("sub", nil), CodeAuthInvalid},
		{"long sub", payload("sub", strings.Repeat("a", 257)), CodeAuthInvalid},
		{"long name", payload("name", strings.Repeat("a", 257)), CodeAuthInvalid},
		{"no room", payload("room", nil), CodeAuthInvalid},
		{"long room", payload("room", strings.Repeat("a", 257)), CodeAuthInvalid},
		{"room with a newline", payload("room", "a\nb"), CodeAuthInvalid},
		{"star in the middle", payload("room", "a*b"), CodeAuthInvalid},
		{"two stars", payload("room", "a**"), CodeAuthInvalid},
		{"unknown source", payload("grants", map[string]any{"publish": []string{"everything"}}), CodeAuthInvalid},
		{"grants as text", payload("grants", "all"), CodeAuthForged},
		{"exp as text", payload("exp", "tomorrow"), CodeAuthForged},
	}
}

// loosen changes the unused bits of the last character of an encoded signature (43 characters for 32 bytes: the last one
// carries 4 bits).
func loosen(c byte) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return alphabet[strings.IndexByte(alphabet, c)^1:][:1]
}

func TestVerifyRefuses(t *testing.T) {
	bad := badTokens(t)
	accepted := 0
	for _, b := range bad {
		c, err := testKeys().Verify(b.token, tokenNow)
		if err == nil {
			accepted++
		}
		var e *Error
		if c != nil || !errors.As(err, &e) || e.Code != b.code {
			t.Errorf("%s: %v, want %s", b.name, err, b.code)
			continue
		}
		for part := range strings.SplitSeq(b.token, ".") {
			if len(part) > 8 && strings.Contains(e.body().Msg+err.Error(), part) {
				t.Errorf("%s: the error shows the token: %v", b.name, err)
			}
		}
	}
	figure(t, "S-09/tokens", fmt.Sprintf("0 of %d accepted", len(bad)), accepted, accepted == 0)
}

// figure prints what a numbered test of the robustness goals measured, as a JSON line.
func figure(t *testing.T, id, goal string, value any, pass bool) {
	t.Helper()
	line, err := encodeJSON(map[string]any{"id": id, "goal": goal, "value": value, "pass": pass})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println(string(line))
	if !pass {
		t.Errorf("%s failed: %v", id, value)
	}
}

func TestVerifyAccepts(t *testing.T) {
	k1 := testKeys()["k1"]
	for name, payload := range map[string]map[string]any{
		"plain":           goodPayload(),
		"no iss":          with(goodPayload(), "iss", nil),
		"no nbf":          with(goodPayload(), "nbf", nil),
		"list of aud":     with(goodPayload(), "aud", []string{"x", "heliograph"}),
		"just expired":    with(goodPayload(), "exp", tokenNow.Unix()-4),
		"nearly valid":    with(goodPayload(), "nbf", tokenNow.Unix()+5),
		"pattern":         with(goodPayload(), "room", "team-*"),
		"every room":      with(goodPayload(), "room", "*"),
		"unknown claim":   with(goodPayload(), "unheard-of", 1),
		"no grants":       with(goodPayload(), "grants", nil),
		"longest sub":     with(goodPayload(), "sub", strings.Repeat("a", 256)),
		"a future grant":  with(goodPayload(), "grants", map[string]any{"fly": true}),
		"unicode in room": with(goodPayload(), "room", "Käsekuchen"),
	} {
		if _, err := testKeys().Verify(signed(t, goodHeader(), payload, k1), tokenNow); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestMintAndVerify(t *testing.T) {
	want := Claims{
		Issuer: "k1", Identity: "ann", ID: "7", Name: "Ann", Room: "garden", Expires: tokenNow.Add(time.Hour), NotBefore: tokenNow,
		Attributes: map[string]string{"colour": "blue"}, Grants: AllGrants(),
	}
	want.Grants.Hidden = true
	token, err := testKeys().Mint("k1", want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := testKeys().Verify(token, tokenNow)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(*got, want) {
		t.Errorf("got  %+v\nwant %+v", *got, want)
	}
	if !got.Grants.CanPublish(SourceScreen) || (Grants{}).CanPublish(SourceCamera) {
		t.Error("CanPublish is wrong")
	}
}

func TestMintRefuses(t *testing.T) {
	good := Claims{Identity: "ann", Room: "r", Expires: tokenNow}
	for name, c := range map[string]func(*Claims){
		"no identity": func(c *Claims) { c.Identity = "" },
		"no room":     func(c *Claims) { c.Room = "" },
		"no exp":      func(c *Claims) { c.Expires = time.Time{} },
		"too long":    func(c *Claims) { c.Attributes = map[string]string{"a": strings.Repeat("x", MaxTokenBytes)} },
		"attributes":  func(c *Claims) { c.Attributes = map[string]string{"a": strings.Repeat("x", MaxAttributesBytes)} },
	} {
		bad := good
		c(&bad)
		if token, err := testKeys().Mint("k1", bad); !errors.Is(err, &Error{Code: CodeAuthInvalid}) {
			t.Errorf("%s: %q, %v", name, token, err)
		}
	}
	if _, err := testKeys().Mint("k2", good); !errors.Is(err, ErrKey) {
		t.Errorf("an unknown key: %v", err)
	}
}

func TestKeysCheck(t *testing.T) {
	secret := []byte(strings.Repeat("s", 32))
	for name, k := range map[string]Keys{"short": {"a": secret[:31]}, "no id": {"": secret}, "long id": {strings.Repeat("k", 65): secret}} {
		err := k.Check()
		if !errors.Is(err, ErrKey) || strings.Contains(err.Error(), "sss") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := testKeys().Check(); err != nil {
		t.Error(err)
	}
}

func TestRoomOfSession(t *testing.T) {
	for _, c := range []struct{ claim, hello, want string }{
		{"r", "", "r"}, {"r", "r", "r"}, {"r", "s", ""}, {"r", "r2", ""},
		{"team-*", "team-7", "team-7"}, {"team-*", "team-", "team-"}, {"team-*", "", ""}, {"team-*", "tea", ""},
		{"team-*", "team-*", ""}, {"team-*", "team-\n", ""}, {"team-*", "team-" + strings.Repeat("x", 256), ""},
		{"*", "any", "any"}, {"*", "", ""}, {"*", "\xff", ""},
	} {
		claims := &Claims{Room: c.claim}
		got, err := claims.room(c.hello)
		if got != c.want || (err == nil) != (c.want != "") || err != nil && !errors.Is(err, &Error{Code: CodeAuthRoom}) {
			t.Errorf("%q and %q: %q, %v", c.claim, c.hello, got, err)
		}
	}
}

func FuzzVerify(f *testing.F) {
	for _, b := range badTokens(f) {
		f.Add(b.token)
	}
	f.Add(signed(f, goodHeader(), goodPayload(), testKeys()["k1"]))
	keys := testKeys()
	f.Fuzz(func(t *testing.T, token string) {
		c, err := keys.Verify(token, tokenNow)
		var e *Error
		switch {
		case err != nil && (!errors.As(err, &e) || !strings.HasPrefix(string(e.Code), "auth.")):
			t.Fatalf("the error is %v", err)
		case err == nil:
			if c.check() != nil || c.Expires.Before(tokenNow.Add(-tokenLeeway)) {
				t.Fatalf("%q gave %+v", token, c)
			}
			// only what is signed by a key gets here: signing the same parts again gives the same token
			i := strings.LastIndexByte(token, '.')
			sig, err := jwt.SigningMethodHS256.Sign(token[:i], keys["k1"])
			if err != nil || token[i+1:] != base64.RawURLEncoding.EncodeToString(sig) {
				t.Fatalf("%q was accepted with another signature", token)
			}
		}
	})
}
