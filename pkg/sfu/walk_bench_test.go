package sfu

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"

	"github.com/heliograph/heliograph/internal/udpio"
)

// sealed is a writer that protects with a key of its own and queues.
type sealed struct {
	context *srtp.Context
	flow    *udpio.Flow
	buf     [maxPacket]byte
}

func newSealed(tb testing.TB, flow *udpio.Flow) *sealed {
	tb.Helper()
	c, err := srtp.CreateContext(make([]byte, 16), make([]byte, 12), srtp.ProtectionProfileAeadAes128Gcm)
	if err != nil {
		tb.Fatal(err)
	}
	return &sealed{context: c, flow: flow}
}

func (s *sealed) WriteRTP(h *rtp.Header, payload []byte) (int, error) {
	n, err := h.MarshalTo(s.buf[:])
	if err != nil {
		return 0, err
	}
	n += copy(s.buf[n:], payload)
	out, err := s.context.EncryptRTP(s.buf[:0], s.buf[:n], h)
	if err != nil {
		return 0, err
	}
	if s.flow != nil {
		s.flow.Put(out)
	}
	return len(out), nil
}

func (s *sealed) Write([]byte) (int, error) { return 0, nil }

// BenchmarkFanOut forwards frames of K packets: packet by packet to all viewers, and viewer by viewer. gain is the median of the ratios.
func BenchmarkFanOut(b *testing.B) {
	for _, viewers := range []int{200, 800} {
		for _, k := range []int{1, 4, 8} {
			for _, sends := range []bool{false, true} {
				b.Run(fmt.Sprintf("viewers=%d/K=%d/sends=%v", viewers, k, sends), func(b *testing.B) { benchFanOut(b, viewers, k, sends) })
			}
		}
	}
}

func benchFanOut(b *testing.B, viewers, k int, sends bool) {
	packetwise, viewerwise := newSendingFanout(b, viewers, sends), newSendingFanout(b, viewers, sends)
	packetwise.frameTime(b, k, true, true)
	viewerwise.frameTime(b, k, true, false)
	var gains []float64
	var before, after time.Duration
	for b.Loop() {
		x, y := packetwise.frameTime(b, k, false, true), viewerwise.frameTime(b, k, false, false)
		before, after = before+x, after+y
		gains = append(gains, float64(x)/float64(y))
	}
	slices.Sort(gains)
	packets := float64(b.N * viewers * k)
	b.ReportMetric(float64(before)/packets, "packetwise-ns")
	b.ReportMetric(float64(after)/packets, "viewerwise-ns")
	b.ReportMetric(gains[len(gains)/2], "gain")
}

// newSendingFanout is a fanout whose viewers have keys and sockets; unless it sends, packets end when they are protected.
func newSendingFanout(b *testing.B, viewers int, sends bool) *fanout {
	s, err := udpio.Listen(netip.MustParseAddrPort("127.0.0.1:0"), udpio.Config{Buffer: 4 << 20})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	q := udpio.NewQueue()
	f := newFanout(b, viewers, func(i int) *boundTrack {
		sink, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = sink.Close() })
		_ = sink.SetReadBuffer(4096) // nobody reads: the kernel drops
		var flow *udpio.Flow
		if sends {
			flow = q.NewFlow(s, sink.LocalAddr().(*net.UDPAddr).AddrPort())
		}
		return &boundTrack{ssrc: uint32(100 + i), out: newSealed(b, flow)}
	})
	f.w.send = q.Flush
	return f
}

// frameTime forwards a frame of k packets and tells how long that took.
func (f *fanout) frameTime(b *testing.B, k int, key, packetwise bool) time.Duration {
	packets := f.frame(b, k, key, false)
	began := time.Now()
	for _, p := range packets {
		f.feed.deliver(f.at, p)
		if packetwise {
			f.feed.walk(f.at)
			f.w.pump(f.at)
		}
	}
	f.w.flush()
	return time.Since(began)
}
