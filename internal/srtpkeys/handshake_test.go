package srtpkeys

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/big"
	"net"
	"testing"

	"github.com/pion/dtls/v3"
	"github.com/pion/rtcp"
	"github.com/pion/srtp/v3"
)

func testCertificate(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// handshakeWith runs a handshake of pion/dtls with itself over UDP, and returns the client's end.
func handshakeWith(t *testing.T, c *Collector, suite dtls.CipherSuiteID, profile dtls.SRTPProtectionProfile) *dtls.Conn {
	t.Helper()
	ours, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	cert := testCertificate(t)
	server, err := dtls.ServerWithOptions(ours, theirs.LocalAddr(), dtls.WithCertificates(cert), dtls.WithCipherSuites(suite),
		dtls.WithSRTPProtectionProfiles(profile), dtls.WithKeyLogWriter(c), dtls.WithServerHelloMessageHook(c.ServerHello))
	if err != nil {
		t.Fatal(err)
	}
	client, err := dtls.ClientWithOptions(theirs, ours.LocalAddr(), dtls.WithCertificates(cert), dtls.WithCipherSuites(suite),
		dtls.WithSRTPProtectionProfiles(profile), dtls.WithInsecureSkipVerify(true))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- server.Handshake() }()
	if err := client.Handshake(); err != nil {
		t.Fatal("client:", err)
	}
	if err := <-done; err != nil {
		t.Fatal("server:", err)
	}
	t.Cleanup(func() { _, _ = client.Close(), server.Close() })
	return client
}

// The contexts understand what a client that took its keys by Pion's own exporter sends, and the other way round.
func TestKeysOfRealHandshakes(t *testing.T) {
	for _, suite := range []dtls.CipherSuiteID{
		dtls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, dtls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, dtls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA,
		dtls.TLS_ECDHE_ECDSA_WITH_AES_128_CCM, dtls.TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8,
	} {
		for _, profile := range []dtls.SRTPProtectionProfile{dtls.SRTP_AEAD_AES_128_GCM, dtls.SRTP_AEAD_AES_256_GCM, dtls.SRTP_AES128_CM_HMAC_SHA1_80} {
			t.Run(fmt.Sprintf("%v/%d", suite, profile), func(t *testing.T) {
				var c Collector
				state, ok := handshakeWith(t, &c, suite, profile).ConnectionState()
				if !ok {
					t.Fatal("no state")
				}
				ours, err := c.Contexts()
				if err != nil {
					t.Fatal(err)
				}
				keys := srtp.Config{Profile: profiles[profile]}
				if err := keys.ExtractSessionKeysFromDTLS(&state, true); err != nil {
					t.Fatal(err)
				}
				carries(t, contextOf(t, keys.Profile, keys.Keys.LocalMasterKey, keys.Keys.LocalMasterSalt), ours.In, true)
				carries(t, ours.Out, contextOf(t, keys.Profile, keys.Keys.RemoteMasterKey, keys.Keys.RemoteMasterSalt), false)
			})
		}
	}
}

func contextOf(t *testing.T, p srtp.ProtectionProfile, key, salt []byte) *srtp.Context {
	t.Helper()
	c, err := srtp.CreateContext(key, salt, p)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// carries sends RTP and RTCP from one context to the other, which refuses them when they come again if it is guarded.
func carries(t *testing.T, from, to *srtp.Context, guarded bool) {
	t.Helper()
	media := append([]byte{0x80, 96, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3}, "payload"...)
	b, err := from.EncryptRTP(nil, media, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := to.DecryptRTP(nil, b, nil); err != nil || !bytes.Equal(got, media) {
		t.Errorf("RTP: got %x, %v", got, err)
	}
	if _, err := to.DecryptRTP(nil, b, nil); (err != nil) != guarded {
		t.Errorf("RTP for a second time: %v", err)
	}
	report, err := (&rtcp.ReceiverReport{SSRC: 9}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	if b, err = from.EncryptRTCP(nil, report, nil); err != nil {
		t.Fatal(err)
	}
	if got, err := to.DecryptRTCP(nil, b, nil); err != nil || !bytes.Equal(got, report) {
		t.Errorf("RTCP: got %x, %v", got, err)
	}
	if _, err := to.DecryptRTCP(nil, b, nil); (err != nil) != guarded {
		t.Errorf("RTCP for a second time: %v", err)
	}
}
