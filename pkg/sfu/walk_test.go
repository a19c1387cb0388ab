package sfu

import (
	"bytes"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/heliograph/heliograph/pkg/bwe"
	"github.com/heliograph/heliograph/pkg/rtpfwd"
	"github.com/heliograph/heliograph/pkg/signaling"
)

// fanout is a worker with one publication of VP8 and its viewers, without any connection: what a viewer is sent goes to a writer.
type fanout struct {
	w      *worker
	counts *prometheus.Registry
	pub    *Publication
	feed   *feed
	in     *rtpfwd.Inbound
	seq    uint16
	at     time.Duration
}

// viewerIDs are the extensions that a browser takes.
var viewerIDs = rtpfwd.ExtensionIDs{MID: 1, AbsSendTime: 2, TransportCC: 3, PlayoutDelay: 5, DependencyDescriptor: 12}

func newFanout(tb testing.TB, viewers int, to func(viewer int) *boundTrack) *fanout {
	tb.Helper()
	counts := prometheus.NewRegistry()
	srv := &Server{metrics: newMetrics(counts), start: time.Now(), ports: &ports{}}
	srv.cfg.Workers = 1
	srv.cfg.Bitrates = Bitrates{Min: bwe.Mbps, Start: 10_000 * bwe.Mbps, Max: 10_000 * bwe.Mbps} // nothing waits
	w := newWorker(srv, 0)
	srv.workers = []*worker{w}
	publisher := &Transport{srv: srv, worker: w, owner: &Participant{}}
	publisher.in, publisher.out = newIngest(publisher), newEgress(publisher)
	var payloads rtpfwd.PayloadTable
	payloads.Codec[96] = rtpfwd.VP8
	f := &fanout{
		w: w, counts: counts, pub: &Publication{id: "v", transport: publisher, kind: signaling.KindVideo, codec: rtpfwd.VP8, csrc: 7},
		in: rtpfwd.NewInbound(rtpfwd.InboundConfig{SSRC: 1, ClockRate: 90000, Payloads: &payloads, Extensions: &rtpfwd.ExtensionIDs{}}),
	}
	for i := range viewers {
		t := &Transport{srv: srv, worker: w, owner: publisher.owner}
		t.in, t.out = newIngest(t), newEgress(t)
		t.connected.Store(true)
		t.out.open = true
		slot := &Slot{send: slotParameters{payloads: map[rtpfwd.Codec]payloadPair{rtpfwd.VP8: {media: 100, rtx: 101}}, extensions: viewerIDs}}
		ss := &slotSender{slot: slot, t: t, to: to(i), out: rtpfwd.NewOutbound(rtpfwd.OutboundConfig{
			SSRC: uint32(100 + i), RTXSSRC: uint32(10000 + i), Extensions: &slot.send.extensions, MID: "3", Transport: &t.out.numbers,
		})}
		t.out.order = append(t.out.order, ss)
		ss.next = w.subscribe(0, f.pub, ss)
		ss.next.aim(0, shown{layer: rtpfwd.Layer{Spatial: maxSpatial, Temporal: maxTemporal}})
	}
	f.feed = w.feeds[f.pub]
	f.drop()
	return f
}

// selected is how many packets wait for their time at the first viewer.
func (f *fanout) selected() int {
	p := &f.feed.subs[0].slot.t.out.pacing
	return len(p.waiting) - len(p.free)
}

// drop forgets what was posted to the worker: no goroutine runs it.
func (f *fanout) drop() { f.w.inbox, f.w.queued = nil, 0 }

// frame is the next frame as n packets that came in; the second half first if reorder is set.
func (f *fanout) frame(tb testing.TB, n int, key, reorder bool) (out []*rtpfwd.Packet) {
	tb.Helper()
	f.at += 33 * time.Millisecond
	f.w.srv.start = time.Now().Add(-f.at) // the server's clock stands at f.at, too
	raws := framePackets(n, &f.seq, uint32(f.at.Milliseconds())*90)
	if reorder {
		raws = append(slices.Clone(raws[n/2:]), raws[:n/2]...)
	}
	for i, p := range raws {
		p.PayloadType, p.SSRC = 96, 1
		if i == 0 && !key {
			p.Payload[1] |= 1
		}
		raw, err := p.Marshal()
		if err != nil {
			tb.Fatal(err)
		}
		packet := new(rtpfwd.Packet)
		if r := f.in.Receive(f.at, raw, packet); r != rtpfwd.None {
			tb.Fatal("dropped:", r)
		}
		out = append(out, packet)
	}
	return out
}

// written is a writer that keeps what it is given, without padding, and how large it was.
type written struct {
	packets [][]byte
	sizes   []int
}

func (w *written) WriteRTP(h *rtp.Header, payload []byte) (int, error) {
	w.sizes = append(w.sizes, h.MarshalSize()+len(payload))
	if h.Padding {
		h.Padding = false
		payload = payload[:len(payload)-int(payload[len(payload)-1])]
	}
	b, err := h.Marshal()
	w.packets = append(w.packets, append(b, payload...))
	return 0, err
}

func (w *written) Write([]byte) (int, error) { return 0, nil }

// nowhere is a writer that keeps nothing.
type nowhere struct{}

func (nowhere) WriteRTP(*rtp.Header, []byte) (int, error) { return 0, nil }
func (nowhere) Write([]byte) (int, error)                 { return 0, nil }

// A round gives each viewer the same as its packets one by one but for padding, late ones and bursts included.
func TestRoundIsWhatItsPacketsAre(t *testing.T) { synctest.Test(t, testRound) }

func testRound(t *testing.T) {
	const viewers = 3
	var got [2][viewers]written
	rounds := [2]*fanout{}
	for i := range rounds {
		rounds[i] = newFanout(t, viewers, func(v int) *boundTrack { return &boundTrack{ssrc: uint32(100 + v), out: &got[i][v]} })
	}
	packets := 0
	for i, n := range []int{4, 1, 9, 6, 70, 3, 2 * maxRound, 8, 5} {
		for mode, f := range rounds {
			for _, p := range f.frame(t, n, i%4 == 0, i%3 == 0) {
				f.feed.deliver(f.at, p)
				if mode == 1 {
					f.feed.walk(f.at)
					f.w.pump(f.at)
				}
			}
			f.feed.walk(f.at)
			f.w.pump(f.at)
		}
		packets += n
	}
	for v := range viewers {
		if n := len(got[0][v].packets); n != packets || !slices.EqualFunc(got[0][v].packets, got[1][v].packets, bytes.Equal) {
			t.Errorf("viewer %d: %d packets in rounds, %d one by one, want %d alike", v, n, len(got[1][v].packets), packets)
		}
	}
}

// slow is a writer that takes its time, and keeps when the packets say that they were sent (abs-send-time), in seconds.
type slow struct{ sent *[]float64 }

const slowWrite = 100 * time.Microsecond

func (w slow) WriteRTP(h *rtp.Header, _ []byte) (int, error) {
	x := h.GetExtension(viewerIDs.AbsSendTime)
	*w.sent = append(*w.sent, float64(uint32(x[0])<<16|uint32(x[1])<<8|uint32(x[2]))/(1<<18))
	time.Sleep(slowWrite)
	return 0, nil
}

func (slow) Write([]byte) (int, error) { return 0, nil }

// A picture for many takes long to be sent. What goes to the last of them was not sent with what went to the first, be it sent at once or
// after it has waited.
func TestPacketsCountAsSentWhenTheyAre(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { testSendTimes(t, false) })
	synctest.Test(t, func(t *testing.T) { testSendTimes(t, true) })
}

func testSendTimes(t *testing.T, waits bool) {
	const viewers, parts = 200, 4
	var sent []float64
	f := newFanout(t, viewers, func(v int) *boundTrack { return &boundTrack{ssrc: uint32(100 + v), out: slow{&sent}} })
	for _, sub := range f.feed.subs {
		if waits {
			sub.out.refresh()
		}
	}
	for _, p := range f.frame(t, parts, true, false) {
		f.feed.deliver(f.at, p)
	}
	f.feed.walk(f.at)
	if waits && len(sent) > 0 {
		t.Fatalf("%d packets were sent before the pump", len(sent))
	}
	f.w.pump(f.at)
	if len(sent) != viewers*parts {
		t.Fatalf("%d packets of %d were sent", len(sent), viewers*parts)
	}
	for i, at := range sent {
		took := (time.Duration(i) * slowWrite).Seconds()
		if late := took - (at - sent[0]); late < -1e-5 || late > (sendTogether+parts)*slowWrite.Seconds() {
			t.Fatalf("packet %d leaves after %.4f s and says %.4f", i, took, at-sent[0])
		}
	}
}

// The packets of a frame get the same size, so that they can leave as one message.
func TestFramesAreSentInEqualSizes(t *testing.T) {
	var got written
	f := newFanout(t, 1, func(int) *boundTrack { return &boundTrack{ssrc: 100, out: &got} })
	for i := range 3 {
		for _, p := range f.frame(t, 6, i == 0, false) {
			f.feed.deliver(f.at, p)
		}
		f.w.flush()
	}
	if len(got.sizes) != 18 || slices.Min(got.sizes) != slices.Max(got.sizes) {
		t.Errorf("sizes %v, want 18 equal ones", got.sizes)
	}
}

// What is posted behind a packet finds it selected, or sent already, though the round goes on.
func TestJobsComeAfterThePacketsBeforeThem(t *testing.T) {
	var got written
	f := newFanout(t, 1, func(int) *boundTrack { return &boundTrack{ssrc: 100, out: &got} })
	var found []int
	for _, p := range f.frame(t, 4, true, false) {
		f.w.put(job{batch: []delivery{{pub: f.pub, packet: p}}})
		if p.Marker || p.Desc.Start {
			f.w.post(func(time.Duration) { found = append(found, f.selected()+len(got.packets)) })
		}
	}
	f.w.drain()
	f.w.flush()
	if !slices.Equal(found, []int{1, 4}) || len(got.packets) != 4 || f.w.counted.forwarded != 0 {
		t.Errorf("the jobs found %v packets, want 1 and 4; %d were sent, %d are not counted yet", found, len(got.packets), f.w.counted.forwarded)
	}
	if n := metric(t, f.counts, "heliograph_rtp_forwarded_packets_total"); n != 4 {
		t.Errorf("%v are counted as forwarded, want 4", n)
	}
}

func TestFanOutDoesNotAllocate(t *testing.T) {
	f := newFanout(t, 50, func(i int) *boundTrack { return &boundTrack{ssrc: uint32(100 + i), out: nowhere{}} })
	var frames [][]*rtpfwd.Packet
	const warm, measured = 200, 100 // histories grow until they reach back far enough
	for i := range warm + measured + 1 {
		frames = append(frames, f.frame(t, 4, i == 0, false))
	}
	next := 0
	round := func() {
		for _, p := range frames[next] {
			f.feed.deliver(f.at, p)
		}
		next++
		f.w.flush()
	}
	for range warm {
		round()
	}
	if n := testing.AllocsPerRun(measured, round); n != 0 {
		t.Errorf("%v allocations in a round, want none", n)
	}
}
