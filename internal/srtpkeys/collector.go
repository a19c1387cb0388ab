package srtpkeys

import (
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"sync"

	"github.com/pion/dtls/v3"
	"github.com/pion/dtls/v3/pkg/crypto/prf"
	"github.com/pion/dtls/v3/pkg/protocol/extension"
	"github.com/pion/dtls/v3/pkg/protocol/handshake"
	"github.com/pion/srtp/v3"

	"github.com/heliograph/heliograph/internal/srtpseal"
)

// ErrNoKeys is wrapped by the error of Contexts when the handshake has not told all that keys are made of, or told something unknown.
var ErrNoKeys = errors.New("no SRTP keys")

// label names the keying material that SRTP takes from DTLS (RFC 5764, section 4.2).
const label = "EXTRACTOR-dtls_srtp"

// suites are the hashes of the PRF by cipher suite: SHA-256 where the suite names no other (RFC 5246, section 5). They are those that
// Pion takes with a certificate.
var suites = map[uint16]prf.HashFunc{
	0xc00a: sha256.New,    // TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA
	0xc014: sha256.New,    // TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA
	0xc02b: sha256.New,    // TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
	0xc02c: sha512.New384, // TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384
	0xc02f: sha256.New,    // TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
	0xc030: sha512.New384, // TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384
	0xc0ac: sha256.New,    // TLS_ECDHE_ECDSA_WITH_AES_128_CCM
	0xc0ae: sha256.New,    // TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8
	0xcca8: sha256.New,    // TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256
	0xcca9: sha256.New,    // TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256
}

// profiles are the protection profiles by their number in use_srtp (RFC 5764, section 4.1.2; RFC 7714, section 14.2).
var profiles = map[dtls.SRTPProtectionProfile]srtp.ProtectionProfile{
	dtls.SRTP_AEAD_AES_128_GCM:       srtp.ProtectionProfileAeadAes128Gcm,
	dtls.SRTP_AEAD_AES_256_GCM:       srtp.ProtectionProfileAeadAes256Gcm,
	dtls.SRTP_AES128_CM_HMAC_SHA1_80: srtp.ProtectionProfileAes128CmHmacSha1_80,
}

// Collector gathers what one handshake tells. The zero value is ready. Its methods may be called from any goroutine.
type Collector struct {
	// Guarded by mu.
	mu           sync.Mutex
	serverRandom [randomSize]byte
	hash         prf.HashFunc           // nil: no ServerHello yet, or an unknown suite
	profile      srtp.ProtectionProfile // 0: none that is known
	secret       secret
	told         bool // secret holds one
	closed       bool
}

// ServerHello takes the hello that is about to be sent, and gives it back unchanged: the hook of pion/dtls.
func (c *Collector) ServerHello(m handshake.MessageServerHello) handshake.Message {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.serverRandom, c.hash, c.profile = m.Random.MarshalFixed(), nil, 0
	if m.CipherSuiteID != nil {
		c.hash = suites[*m.CipherSuiteID]
	}
	for _, e := range m.Extensions {
		if u, ok := e.(*extension.UseSRTP); ok && len(u.ProtectionProfiles) == 1 && len(u.MasterKeyIdentifier) == 0 {
			c.profile = profiles[u.ProtectionProfiles[0]]
		}
	}
	return &m
}

// Write takes one line of the key log: the log's io.Writer of pion/dtls, which makes one call for a line. It never fails.
func (c *Collector) Write(line []byte) (int, error) {
	s, ok := parseKeyLog(line)
	defer s.clear()
	c.mu.Lock()
	defer c.mu.Unlock()
	if ok && !c.closed {
		c.secret, c.told = s, true
	}
	return len(line), nil
}

// Contexts are the SRTP contexts of the server's side. They are for one goroutine.
type Contexts struct {
	// In decrypts what the client sends, Out encrypts.
	In, Out *srtp.Context
	// Seal encrypts RTP if the profile is one of AES-GCM, else it is nil. Who uses it must not use Out for RTP: they have the same keys.
	Seal *srtpseal.Sealer
	// Tag is how many bytes the profile adds to an RTP packet. SRTCP has four more, of its index.
	Tag int
}

// Contexts makes the contexts of both directions, In with ReplayProtection. It works once, and closes the Collector. Its error wraps
// ErrNoKeys.
func (c *Collector) Contexts() (*Contexts, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer c.close()
	material, sizes, err := c.export()
	if err != nil {
		return nil, err
	}
	defer clear(material)
	client, server := sizes.split(material)
	in, err := srtp.CreateContext(client.key, client.salt, c.profile, ReplayProtection()...)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoKeys, err)
	}
	out, err := srtp.CreateContext(server.key, server.salt, c.profile)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoKeys, err)
	}
	seal, err := c.sealer(server)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoKeys, err)
	}
	return &Contexts{In: in, Out: out, Seal: seal, Tag: sizes.tag}, nil
}

func (c *Collector) sealer(s side) (*srtpseal.Sealer, error) {
	switch c.profile {
	case srtp.ProtectionProfileAeadAes128Gcm, srtp.ProtectionProfileAeadAes256Gcm:
		return srtpseal.New(s.key, s.salt)
	}
	return nil, nil
}

// sizes are those of a profile's master key and salt, and of what it adds to a packet, in bytes.
type sizes struct{ key, salt, tag int }

// export computes the keying material (RFC 5705, section 4). mu is held.
func (c *Collector) export() ([]byte, sizes, error) {
	switch {
	case !c.told:
		return nil, sizes{}, fmt.Errorf("%w: the master secret is not known", ErrNoKeys)
	case c.hash == nil:
		return nil, sizes{}, fmt.Errorf("%w: no cipher suite that is known here", ErrNoKeys)
	case c.profile == 0:
		return nil, sizes{}, fmt.Errorf("%w: no protection profile that is known here", ErrNoKeys)
	}
	s, err := sizesOf(c.profile)
	if err != nil {
		return nil, sizes{}, fmt.Errorf("%w: %w", ErrNoKeys, err)
	}
	seed := append(append([]byte(label), c.secret.clientRandom[:]...), c.serverRandom[:]...)
	material, err := prf.PHash(c.secret.master[:], seed, 2*(s.key+s.salt), c.hash)
	if err != nil {
		return nil, sizes{}, fmt.Errorf("%w: %w", ErrNoKeys, err)
	}
	return material, s, nil
}

func sizesOf(p srtp.ProtectionProfile) (s sizes, err error) {
	var hmac, aead int
	for size, of := range map[*int]func() (int, error){&s.key: p.KeyLen, &s.salt: p.SaltLen, &hmac: p.AuthTagRTPLen, &aead: p.AEADAuthTagLen} {
		if *size, err = of(); err != nil {
			return sizes{}, err
		}
	}
	s.tag = hmac + aead
	return s, nil
}

// side is what one side writes with. It points into the keying material.
type side struct{ key, salt []byte }

// split cuts the keying material: both keys, then both salts, the client's first (RFC 5764, section 4.2).
func (s sizes) split(b []byte) (client, server side) {
	keys, salts := b[:2*s.key], b[2*s.key:]
	return side{keys[:s.key], salts[:s.salt]}, side{keys[s.key:], salts[s.salt:]}
}

// Close forgets all secrets. Nothing is taken any more.
func (c *Collector) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.close()
}

func (c *Collector) close() {
	c.secret.clear()
	c.told, c.closed = false, true
}
