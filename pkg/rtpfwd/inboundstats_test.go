package rtpfwd

import (
	"testing"
	"time"
)

// TestJitterQuantiles: of 100 differences four are 20 ms and the others 2 ms; then the path
// gets calm, and what was is forgotten.
func TestJitterQuantiles(t *testing.T) {
	in, at := newTestInbound(0, 48000), time.Duration(0)
	send := func(n int, late func(i int) time.Duration) {
		for i := range n {
			at += ms(20)
			seq := int(at / ms(20))
			raw := testPacket{pt: ptOpus, seq: uint16(seq), time: uint32(960 * seq), payload: []byte{1}}.raw(t)
			mustReceive(t, in, at+late(i), raw)
		}
	}
	send(3000, func(i int) time.Duration {
		if i%50 == 25 {
			return ms(20) // two differences
		}
		return 2 * ms(i&1)
	})
	s := in.Stats()
	if s.Jitter95 < ms(2) || s.Jitter95 > ms(3) || s.Jitter99 < ms(18) || s.Jitter99 > ms(24) {
		t.Errorf("95 %%: %v, want 2 ms; 99 %%: %v, want 18 or 22 ms", s.Jitter95, s.Jitter99)
	}
	send(10000, func(int) time.Duration { return 0 })
	if s = in.Stats(); s.Jitter95 != 0 || s.Jitter99 != 0 {
		t.Errorf("on a calm path 95 %%: %v, 99 %%: %v", s.Jitter95, s.Jitter99)
	}
}

// TestInboundDepth: from the oldest missing packet to the newest.
func TestInboundDepth(t *testing.T) {
	in := newTestInbound(0, 48000)
	for _, step := range []struct {
		seq  uint16
		want int
	}{{10, 0}, {11, 0}, {13, 2}, {16, 5}, {12, 3}, {17, 4}, {14, 3}, {15, 0}} {
		mustReceive(t, in, 0, testPacket{pt: ptOpus, seq: step.seq, payload: []byte{1}}.raw(t))
		if got := in.Stats().Depth; got != step.want {
			t.Errorf("after %d the depth is %d, want %d", step.seq, got, step.want)
		}
	}
}
