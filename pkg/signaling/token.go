package signaling

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Keys are the secrets that sign tokens, by key id (the kid header of RFC 7515, 4.1.4).
type Keys map[string][]byte

// MinKeyBytes is the least length of a secret: that of the hash (RFC 7518, 3.2).
const MinKeyBytes = 32

// tokenLeeway is how far the clocks of the minter and of this server may differ.
const tokenLeeway = 5 * time.Second

// ErrKey tells that a key cannot sign tokens.
var ErrKey = errors.New("unusable token key")

// Check returns ErrKey for a key without an id or with a secret shorter than MinKeyBytes. It never shows a secret.
func (k Keys) Check() error {
	for kid, secret := range k {
		if kid == "" || len(kid) > 64 {
			return fmt.Errorf("%w: the id %.70q must have 1 to 64 bytes", ErrKey, kid)
		}
		if len(secret) < MinKeyBytes {
			return fmt.Errorf("%w: the secret of %q has %d bytes, at least %d are needed", ErrKey, kid, len(secret), MinKeyBytes)
		}
	}
	return nil
}

// Mint signs a token (JWT, RFC 7519, HS256) with the key kid. Issuer becomes kid. The error is ErrKey for an unknown
// key, else an *Error for claims that Verify would refuse.
func (k Keys) Mint(kid string, c Claims) (string, error) {
	secret, ok := k[kid]
	if !ok {
		return "", fmt.Errorf("%w: there is no key %.64q", ErrKey, kid)
	}
	c.Issuer = kid
	if c.Expires.IsZero() {
		return "", Errorf(CodeAuthInvalid, "exp is missing")
	}
	if err := c.check(); err != nil {
		return "", err
	}
	t := jwt.NewWithClaims(jwt.SigningMethodHS256, c.wire())
	t.Header["kid"] = kid
	s, err := t.SignedString(secret)
	if err != nil {
		return "", fmt.Errorf("sign the token: %w", err)
	}
	if len(s) > MaxTokenBytes {
		return "", Errorf(CodeAuthInvalid, "the token has %d bytes, at most %d are allowed: shorten attrs", len(s), MaxTokenBytes)
	}
	return s, nil
}

// Verify returns the claims of a token that is signed with one of the keys by HS256 and valid at now, give or take 5 s.
// The errors are CodeAuthMissing, CodeAuthForged, CodeAuthExpired and CodeAuthInvalid; none of them holds a part of the
// token. Nothing is fetched by what a token claims.
func (k Keys) Verify(token string, now time.Time) (*Claims, error) {
	switch {
	case token == "":
		return nil, &Error{Code: CodeAuthMissing}
	case len(token) > MaxTokenBytes:
		return nil, Errorf(CodeAuthForged, "a token has at most %d bytes", MaxTokenBytes)
	case strings.ContainsFunc(token, notTokenRune):
		return nil, Errorf(CodeAuthForged, "it is not a compact JWT")
	}
	p := jwt.NewParser(
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}),
		jwt.WithStrictDecoding(),
		jwt.WithExpirationRequired(),
		jwt.WithAudience(Audience),
		jwt.WithLeeway(tokenLeeway),
		jwt.WithTimeFunc(func() time.Time { return now }),
	)
	var w wireClaims
	t, err := p.ParseWithClaims(token, &w, k.secret)
	if err != nil {
		return nil, tokenError(err)
	}
	c := w.claims()
	if c.Issuer != "" && c.Issuer != t.Header["kid"] {
		return nil, Errorf(CodeAuthInvalid, "iss must be the id of the key that signed the token, or be left out")
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	return c, nil
}

// secret is the jwt.Keyfunc of Verify: only kid chooses the key.
func (k Keys) secret(t *jwt.Token) (any, error) {
	if _, ok := t.Header["crit"]; ok { // RFC 7515, 4.1.11: extensions that we do not know must be refused
		return nil, errors.New("crit is not supported")
	}
	kid, _ := t.Header["kid"].(string)
	secret, ok := k[kid]
	if !ok {
		return nil, errors.New("no such key")
	}
	return secret, nil
}

// tokenError gives the jwt package's error its code. A wrong signature is found before any claim is looked at.
func tokenError(err error) *Error {
	switch {
	case errors.Is(err, jwt.ErrTokenRequiredClaimMissing):
		return Errorf(CodeAuthInvalid, "exp and aud %q are required", Audience)
	case errors.Is(err, jwt.ErrTokenExpired), errors.Is(err, jwt.ErrTokenNotValidYet):
		return &Error{Code: CodeAuthExpired}
	case errors.Is(err, jwt.ErrTokenInvalidClaims):
		return Errorf(CodeAuthInvalid, "aud must be %q", Audience)
	default:
		return &Error{Code: CodeAuthForged}
	}
}

// notTokenRune reports whether r cannot be part of a compact JWT (RFC 7515, 7.1).
func notTokenRune(r rune) bool {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_', r == '.':
		return false
	}
	return true
}

// wireClaims is the payload of the token. After a successful parse ExpiresAt is not nil.
type wireClaims struct {
	jwt.RegisteredClaims
	Room       string            `json:"room"`
	Name       string            `json:"name,omitempty"`
	Attributes map[string]string `json:"attrs,omitempty"`
	Grants     Grants            `json:"grants"`
}

func (c *Claims) wire() *wireClaims {
	w := &wireClaims{Room: c.Room, Name: c.Name, Attributes: c.Attributes, Grants: c.Grants}
	w.Issuer, w.Subject, w.ID = c.Issuer, c.Identity, c.ID
	w.Audience = jwt.ClaimStrings{Audience}
	w.ExpiresAt = jwt.NewNumericDate(c.Expires)
	if !c.NotBefore.IsZero() {
		w.NotBefore = jwt.NewNumericDate(c.NotBefore)
	}
	return w
}

func (w *wireClaims) claims() *Claims {
	c := &Claims{
		Issuer: w.Issuer, Identity: w.Subject, ID: w.ID, Expires: w.ExpiresAt.Time,
		Room: w.Room, Name: w.Name, Attributes: w.Attributes, Grants: w.Grants,
	}
	if w.NotBefore != nil {
		c.NotBefore = w.NotBefore.Time
	}
	return c
}
