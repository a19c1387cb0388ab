package sfu

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"
	"github.com/pion/stun/v4"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/heliograph/heliograph/internal/icemux"
	"github.com/heliograph/heliograph/internal/srtpkeys"
	"github.com/heliograph/heliograph/internal/srtpseal"
)

// pathBench is a worker without a goroutine, and Transports on the fast path with their other sides.
type pathBench struct {
	t        testing.TB
	registry *prometheus.Registry
	worker   *worker
	batch    *icemux.Batch
}

func newPathBench(t testing.TB) *pathBench {
	t.Helper()
	b := &pathBench{t: t, registry: prometheus.NewRegistry()}
	c := Config{Workers: 1}
	c = c.withDefaults()
	c.Bitrates, _ = c.Bitrates.withDefaults()
	srv := &Server{cfg: c, start: time.Now(), metrics: newMetrics(b.registry)}
	srv.log = srv.cfg.Log
	srv.scope.closing = true // no participant is told of a failure: there is none
	mux := listenAnywhere(t, icemux.Config{Addrs: []netip.Addr{netip.MustParseAddr("127.0.0.1")}, Dropped: srv.metrics.dropped})
	t.Cleanup(func() { _ = mux.Close() })
	srv.ports = &ports{mux: mux}
	b.worker = newWorker(srv, 0)
	b.batch = b.worker.batch
	return b
}

// listenAnywhere opens a mux on a port that nobody has.
func listenAnywhere(t testing.TB, c icemux.Config) *icemux.Mux {
	t.Helper()
	for c.UDPPort = 27500; c.UDPPort < 27600; c.UDPPort++ {
		mux, err := icemux.Listen(c)
		if errors.Is(err, syscall.EADDRINUSE) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		return mux
	}
	t.Fatal("no free port")
	return nil
}

// remote is the other side of a Transport: what it sends with, and reads with.
type remote struct {
	path    *fastPath
	in, out *srtp.Context
	conn    *net.UDPConn
}

// join makes a Transport whose keys are those of seed.
func (b *pathBench) join(profile srtp.ProtectionProfile, seed byte) *remote {
	b.t.Helper()
	t := &Transport{srv: b.worker.srv, log: b.worker.srv.log, worker: b.worker}
	t.in, t.out = newIngest(t), newEgress(t)
	t.fast = newFastPath(t, b.batch)
	t.connected.Store(true)
	t.out.open = true
	r := &remote{path: t.fast}
	keys := func(seed byte) (key, salt []byte) {
		keyLen, _ := profile.KeyLen()
		saltLen, _ := profile.SaltLen()
		return bytes.Repeat([]byte{seed}, keyLen), bytes.Repeat([]byte{seed + 1}, saltLen)
	}
	context := func(seed byte, o ...srtp.ContextOption) *srtp.Context {
		key, salt := keys(seed)
		c, err := srtp.CreateContext(key, salt, profile, o...)
		if err != nil {
			b.t.Fatal(err)
		}
		return c
	}
	r.in, r.out = context(seed+2), context(seed)
	t.fast.in = context(seed, srtpkeys.ReplayProtection()...)
	t.fast.out, t.fast.tag = context(seed+2), 16
	if profile == srtp.ProtectionProfileAes128CmHmacSha1_80 {
		t.fast.tag = 10
		return r
	}
	var err error
	if t.fast.seal, err = srtpseal.New(keys(seed + 2)); err != nil {
		b.t.Fatal(err)
	}
	return r
}

// connect gives a Transport a validated path.
func (b *pathBench) connect(r *remote, ufrag string) {
	b.t.Helper()
	var err error
	if r.conn, err = net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}); err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = r.conn.Close() })
	agent, err := r.path.line.GetConn(ufrag, r.conn.LocalAddr())
	if err != nil {
		b.t.Fatal(err)
	}
	ask, err := stun.Build(stun.TransactionID, stun.BindingRequest, stun.NewUsername(ufrag+":theirs"))
	if err != nil {
		b.t.Fatal(err)
	}
	answer, err := stun.Build(stun.NewTransactionIDSetter(ask.TransactionID), stun.BindingSuccess)
	if err != nil {
		b.t.Fatal(err)
	}
	buf := make([]byte, 2048)
	if _, err := r.conn.WriteTo(ask.Raw, net.UDPAddrFromAddrPort(b.batch.UDPAddrs()[0])); err != nil {
		b.t.Fatal(err)
	}
	_, from, err := agent.(ice.AddrPortReaderWriter).ReadFromAddrPort(buf)
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := agent.WriteTo(answer.Raw, net.UDPAddrFromAddrPort(from)); err != nil {
		b.t.Fatal(err)
	}
	if _, err := r.conn.Read(buf); err != nil {
		b.t.Fatal(err)
	}
	r.path.line.Select(from)
}

// packet is RTP as the other side sends it.
func (r *remote) packet(t testing.TB, ssrc uint32, seq uint16, n int) []byte {
	t.Helper()
	p := rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: 96, SSRC: ssrc, SequenceNumber: seq}, Payload: make([]byte, n)}
	b, err := p.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	if b, err = r.out.EncryptRTP(nil, b, nil); err != nil {
		t.Fatal(err)
	}
	return b
}

// report is RTCP as the other side sends it.
func (r *remote) report(t testing.TB, ssrc uint32) []byte {
	t.Helper()
	b, err := (&rtcp.ReceiverReport{SSRC: ssrc}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	if b, err = r.out.EncryptRTCP(nil, b, nil); err != nil {
		t.Fatal(err)
	}
	return b
}

// drops are the packets that were dropped since the last call, by reason.
func (b *pathBench) drops() map[string]int {
	b.t.Helper()
	families, err := b.registry.Gather()
	if err != nil {
		b.t.Fatal(err)
	}
	out := map[string]int{}
	for _, f := range families {
		if f.GetName() != "heliograph_dropped_packets_total" {
			continue
		}
		for _, m := range f.GetMetric() {
			out[m.GetLabel()[0].GetValue()] = int(m.GetCounter().GetValue())
		}
	}
	b.worker.srv.metrics.drops.Reset()
	b.worker.srv.metrics.dropCounters.Clear()
	return out
}

// expect checks what was dropped since the last call.
func (b *pathBench) expect(what string, want map[string]int) {
	b.t.Helper()
	got := b.drops()
	for reason, n := range want {
		if got[reason] != n {
			b.t.Errorf("%s: dropped %v, want %v", what, got, want)
			return
		}
	}
	if len(got) != len(want) {
		b.t.Errorf("%s: dropped %v, want %v", what, got, want)
	}
}

var testProfiles = []srtp.ProtectionProfile{
	srtp.ProtectionProfileAeadAes128Gcm, srtp.ProtectionProfileAeadAes256Gcm, srtp.ProtectionProfileAes128CmHmacSha1_80,
}

// What the path refuses has a reason; what comes through is unbound here, as no negotiation has declared its source.
func TestFastPathRefusals(t *testing.T) {
	for _, profile := range testProfiles {
		t.Run(profile.String(), func(t *testing.T) {
			b := newPathBench(t)
			one, two := b.join(profile, 10), b.join(profile, 20)
			take := func(p *fastPath, packets ...[]byte) {
				for _, packet := range packets {
					p.receive(0, packet)
				}
			}
			media, report := one.packet(t, 1, 7, 100), one.report(t, 9)
			take(two.path, media, report)
			b.expect("another's packets", map[string]int{"srtp_auth": 1, "srtcp_auth": 1})
			take(one.path, media, report)
			b.expect("good packets", map[string]int{"unbound": 1})
			take(one.path, media, report, media, report)
			b.expect("replays", map[string]int{"srtp_replay": 2, "srtcp_replay": 2})
			for i := range uint16(2 * srtpkeys.ReplayWindow) {
				take(one.path, one.packet(t, 1, 8+i, 10))
			}
			take(one.path, one.packet(t, 1, 6, 10))
			b.expect("a packet that is later than the window", map[string]int{"unbound": 2 * srtpkeys.ReplayWindow, "srtp_replay": 1})
			in := one.path.in
			one.path.in = nil
			take(one.path, one.packet(t, 1, 4000, 10), one.report(t, 9))
			b.expect("before DTLS", map[string]int{"rtp_before_dtls": 2})
			one.path.in, one.path.t.in.closed = in, true
			take(one.path, one.packet(t, 1, 4001, 10), one.report(t, 9))
			b.expect("after the end", nil)
		})
	}
}

// Every part of a good packet, with one bit turned, is refused and counted.
func TestFastPathSpoiltPackets(t *testing.T) {
	for _, profile := range testProfiles {
		b := newPathBench(t)
		r := b.join(profile, 10)
		bad := 0
		for _, whole := range [][]byte{r.packet(t, 1, 7, 40), r.report(t, 9)} {
			for n := range len(whole) {
				r.path.receive(0, whole[:n])
				spoilt := bytes.Clone(whole)
				spoilt[n] ^= 0x10
				r.path.receive(0, spoilt)
				bad += 2
			}
		}
		got := b.drops()
		if n := got["srtp_auth"] + got["srtp_malformed"] + got["srtcp_auth"] + got["srtcp_malformed"]; n != bad || len(got) > 4 {
			t.Errorf("%v: dropped %v, want all %d as malformed or not authentic", profile, got, bad)
		}
		if r.path.sources != 0 || r.path.reporters != 0 {
			t.Errorf("%v: something is kept of %d sources and %d reporters", profile, r.path.sources, r.path.reporters)
		}
	}
}

// Datagrams of every length, of zeros and at random, are counted and harm nothing.
func TestFastPathEveryLength(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 1<<16)
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	for _, profile := range testProfiles {
		b := newPathBench(t)
		r := b.join(profile, 10)
		sent := 0
		for _, datagram := range [][]byte{make([]byte, 1<<16), noise} {
			for _, kind := range []byte{96, 200, 205} {
				datagram[0], datagram[1] = 0x80|datagram[0]&0x1f, kind
				for n := 0; n < len(datagram); n += 1 + n/2048 {
					r.path.receive(0, datagram[:n])
					sent++
				}
			}
		}
		total := 0
		for _, n := range b.drops() {
			total += n
		}
		if total != sent || r.path.sources != 0 {
			t.Errorf("%v: %d of %d were dropped", profile, total, sent)
		}
	}
}

// A participant with more sources than the cap is closed.
func TestFastPathSourceCaps(t *testing.T) {
	b := newPathBench(t)
	r := b.join(testProfiles[0], 10)
	for i := range uint32(maxInboundSSRCs + 2) {
		r.path.receive(0, r.packet(t, i, 1, 10))
		r.path.receive(0, r.packet(t, i, 2, 10)) // known by then
	}
	for i := range uint32(maxRTCPTargets + 2) {
		r.path.receive(0, r.report(t, i))
	}
	b.expect("sources", map[string]int{"unbound": 2*maxInboundSSRCs + 2, "ssrc_cap": 2, "rtcp_source_cap": 2})
	if !r.path.t.failed.Load() {
		t.Error("the Transport lives on")
	}
}

// What is sent is what the other side reads, and RTCP leaves with the round too.
func TestFastPathSends(t *testing.T) {
	for _, profile := range testProfiles {
		b := newPathBench(t)
		r := b.join(profile, 10)
		packet := append([]byte{0x80, 96, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3}, make([]byte, 500)...)
		if r.path.sendRTP(packet) {
			t.Error("sent without a path")
		}
		b.connect(r, "ours")
		b.expect("no path", map[string]int{"not_validated": 1})
		if !r.path.sendRTP(packet) {
			t.Error("RTP was not sent")
		}
		r.path.t.in.write(&rtcp.PictureLossIndication{SenderSSRC: 1, MediaSSRC: 2})
		b.worker.flush()
		buf := make([]byte, 2048)
		n, err := r.conn.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := r.in.DecryptRTP(nil, buf[:n], nil); err != nil || !bytes.Equal(got, packet) {
			t.Errorf("%v: RTP: %x, %v", profile, got, err)
		}
		if n, err = r.conn.Read(buf); err != nil {
			t.Fatal(err)
		}
		if _, err := r.in.DecryptRTCP(nil, buf[:n], nil); err != nil {
			t.Errorf("%v: RTCP: %v", profile, err)
		}
		r.path.out = nil
		if r.path.sendRTP(packet) {
			t.Error("sent without keys")
		}
		b.expect("no keys", map[string]int{"send_before_dtls": 1})
	}
}
