package srtpkeys

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"

	"github.com/pion/dtls/v3"
	"github.com/pion/dtls/v3/pkg/protocol"
	"github.com/pion/dtls/v3/pkg/protocol/extension"
	"github.com/pion/dtls/v3/pkg/protocol/handshake"
	"github.com/pion/srtp/v3"
)

// hello is a ServerHello of countable bytes.
func hello(suite uint16, profile ...dtls.SRTPProtectionProfile) handshake.MessageServerHello {
	m := handshake.MessageServerHello{CipherSuiteID: &suite, CompressionMethod: &protocol.CompressionMethod{}, Extensions: []extension.Extension{
		&extension.UseExtendedMasterSecret{Supported: true}, &extension.UseSRTP{ProtectionProfiles: profile},
	}}
	var random [randomSize]byte
	for i := range random {
		random[i] = byte(100 + i)
	}
	m.Random.UnmarshalFixed(random)
	return m
}

func collect(t *testing.T, m handshake.MessageServerHello) *Collector {
	t.Helper()
	c, s := &Collector{}, testSecret()
	c.ServerHello(m)
	if n, err := c.Write([]byte(logLine(&s))); err != nil || n != len(logLine(&s)) {
		t.Fatalf("wrote %d, %v", n, err)
	}
	return c
}

// The keying material was computed by another implementation of HMAC and the PRF.
func TestExportKnownAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		suite   uint16
		profile dtls.SRTPProtectionProfile
		want    string
	}{
		"SHA-256, AES-128-GCM": {0xc02b, dtls.SRTP_AEAD_AES_128_GCM, "0004fcd7836bea42d660522642b1fc6882d451afdc8d0805a85eb307b6ac9cc30351bf5a21a4cbaeb7cb9864a9759dd1f1ce5a13194818fd"},
		"SHA-256, AES-256-GCM": {0xc00a, dtls.SRTP_AEAD_AES_256_GCM, "0004fcd7836bea42d660522642b1fc6882d451afdc8d0805a85eb307b6ac9cc30351bf5a21a4cbaeb7cb9864a9759dd1f1ce5a13194818fd21961bea6f24219d46a5067b8f45c9a6afa59e64b198440394bedde7a81a4ddc"},
		"SHA-256, AES-CM":      {0xcca9, dtls.SRTP_AES128_CM_HMAC_SHA1_80, "0004fcd7836bea42d660522642b1fc6882d451afdc8d0805a85eb307b6ac9cc30351bf5a21a4cbaeb7cb9864a9759dd1f1ce5a13194818fd21961bea"},
		"SHA-384, AES-128-GCM": {0xc02c, dtls.SRTP_AEAD_AES_128_GCM, "7c25bfa7fa394dcc0811d68bbe319d465386deb6f041d256fbad7a4dc45dedc951034acae5f66e954906209eb15c48a4488da19eebd8c0ea"},
		"SHA-384, AES-256-GCM": {0xc030, dtls.SRTP_AEAD_AES_256_GCM, "7c25bfa7fa394dcc0811d68bbe319d465386deb6f041d256fbad7a4dc45dedc951034acae5f66e954906209eb15c48a4488da19eebd8c0eada1fe5c281347bc2554de18bc7052eafe0f77567fdc5eaa34a64b8b19e404739"},
		"SHA-384, AES-CM":      {0xc02c, dtls.SRTP_AES128_CM_HMAC_SHA1_80, "7c25bfa7fa394dcc0811d68bbe319d465386deb6f041d256fbad7a4dc45dedc951034acae5f66e954906209eb15c48a4488da19eebd8c0eada1fe5c2"},
	} {
		t.Run(name, func(t *testing.T) {
			got, s, err := collect(t, hello(c.suite, c.profile)).export()
			if err != nil || hex.EncodeToString(got) != c.want {
				t.Fatalf("got %x, %v, want %s", got, err, c.want)
			}
			client, server := s.split(got)
			if joined := bytes.Join([][]byte{client.key, server.key, client.salt, server.salt}, nil); !bytes.Equal(joined, got) {
				t.Errorf("cut into %x", joined)
			}
		})
	}
}

func TestHelloIsSentAsItIs(t *testing.T) {
	m := hello(0xc02b, dtls.SRTP_AEAD_AES_128_GCM)
	want, err := m.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	got, err := (&Collector{}).ServerHello(m).Marshal()
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("got %x, %v, want %x", got, err, want)
	}
}

func TestWithoutAllPartsThereAreNoKeys(t *testing.T) {
	good := func() handshake.MessageServerHello { return hello(0xc02b, dtls.SRTP_AEAD_AES_128_GCM) }
	none, keyed := good(), good()
	none.CipherSuiteID = nil
	keyed.Extensions = []extension.Extension{&extension.UseSRTP{
		ProtectionProfiles: []dtls.SRTPProtectionProfile{dtls.SRTP_AEAD_AES_128_GCM}, MasterKeyIdentifier: []byte{1},
	}}
	closed := collect(t, good())
	closed.Close()
	late := &Collector{}
	late.Close()
	late.ServerHello(good())
	s := testSecret()
	_, _ = late.Write([]byte(logLine(&s)))
	silent := &Collector{}
	silent.ServerHello(good())
	for name, c := range map[string]*Collector{
		"nothing": {}, "no key log": silent, "closed": closed, "closed before": late,
		"no suite": collect(t, none), "an unknown suite": collect(t, hello(0x1301, dtls.SRTP_AEAD_AES_128_GCM)),
		"no profile": collect(t, hello(0xc02b)), "an unknown profile": collect(t, hello(0xc02b, dtls.SRTP_NULL_HMAC_SHA1_80)),
		"two profiles":      collect(t, hello(0xc02b, dtls.SRTP_AEAD_AES_128_GCM, dtls.SRTP_AEAD_AES_256_GCM)),
		"a key identifier":  collect(t, keyed),
		"the last hello is": func() *Collector { c := collect(t, good()); c.ServerHello(hello(0x1301)); return c }(),
	} {
		if got, err := c.Contexts(); !errors.Is(err, ErrNoKeys) || got != nil {
			t.Errorf("%s: %v, want ErrNoKeys", name, err)
		}
	}
}

// The secrets are gone when the contexts are there, and the contexts work all the same.
func TestSecretsAreForgotten(t *testing.T) {
	c := collect(t, hello(0xc02b, dtls.SRTP_AEAD_AES_128_GCM))
	ours, err := c.Contexts()
	if err != nil {
		t.Fatal(err)
	}
	if c.secret != (secret{}) {
		t.Error("the master secret is still there")
	}
	if _, err := c.Contexts(); !errors.Is(err, ErrNoKeys) {
		t.Errorf("contexts for a second time: %v", err)
	}
	material, s, err := collect(t, hello(0xc02b, dtls.SRTP_AEAD_AES_128_GCM)).export()
	if err != nil {
		t.Fatal(err)
	}
	_, server := s.split(material)
	theirs, err := srtp.CreateContext(server.key, server.salt, srtp.ProtectionProfileAeadAes128Gcm)
	if err != nil {
		t.Fatal(err)
	}
	packet := append([]byte{0x80, 96, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3}, "payload"...)
	protected, err := ours.Out.EncryptRTP(nil, packet, nil)
	if err != nil {
		t.Fatal(err)
	}
	sealed := make([]byte, len(packet)+ours.Tag)
	if n, err := ours.Seal.Seal(ours.Seal.Source(3), sealed, packet); err != nil || !bytes.Equal(sealed[:n], protected) {
		t.Errorf("sealed %x, %v, want %x", sealed[:n], err, protected)
	}
	if n := len(protected) - len(packet); n != ours.Tag || n != 16 {
		t.Errorf("%d bytes were added, %d are announced", n, ours.Tag)
	}
	if got, err := theirs.DecryptRTP(nil, protected, nil); err != nil || !bytes.Equal(got, packet) {
		t.Errorf("got %x, %v", got, err)
	}
}
