package mediabench

import (
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"github.com/heliograph/heliograph/pkg/rtpfwd/codec"
)

// send gives a viewer one packet.
func send(t *testing.T, v *viewer, pt uint8, seq, number uint16, rtpTime uint32, stamp int64) {
	t.Helper()
	p := rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: pt, SSRC: 7, SequenceNumber: seq, Timestamp: rtpTime}, Payload: []byte("sealed")}
	if err := p.SetExtension(3, []byte{byte(number >> 8), byte(number)}); err != nil {
		t.Fatal(err)
	}
	b, err := p.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	v.rtp(b, stamp)
}

// The feedback tells of what arrived and when, the report of what did not.
func TestViewerTellsWhatArrived(t *testing.T) {
	a := &audience{shows: &calendar{}}
	a.shows.put(1000, 50)
	v := newViewer(a)
	v.transportCC = 3
	const base = int64(1e15)
	for i, seq := range []uint16{65534, 65535, 1, 2} { // 0 is lost, over the wrap
		send(t, v, videoPT, seq, 100+seq, 5000, base+int64(i)*1e6)
	}
	send(t, v, repairPT, 9, 103, 5000, base+4e6) // counts for feedback only
	packets := v.feedback(true)
	report, ok := packets[0].(*rtcp.ReceiverReport)
	if !ok || len(report.Reports) != 1 {
		t.Fatalf("first comes %v", packets[0])
	}
	if r := report.Reports[0]; r.SSRC != 7 || r.LastSequenceNumber != 1<<16|2 || r.TotalLost != 1 {
		t.Errorf("reported %+v", r)
	}
	arrived := 0
	for _, p := range packets[1:] {
		cc, ok := p.(*rtcp.TransportLayerCC)
		if !ok {
			t.Fatalf("feedback is %v", p)
		}
		arrived += len(cc.RecvDeltas)
	}
	if arrived != 5 {
		t.Errorf("%d packets were acknowledged, want 5", arrived)
	}
	if len(v.feedback(false)) != 0 {
		t.Error("feedback of nothing")
	}
	if a.packets.Load() != 5 || a.messages.Load() != 5 || v.newest.Load() != 0 {
		t.Errorf("%d packets in %d messages, frame %d", a.packets.Load(), a.messages.Load(), v.newest.Load())
	}
	v.rtp([]byte{0x80}, 1) // no RTP: nothing happens
}

func TestViewerCountsMessagesByStamps(t *testing.T) {
	a := &audience{}
	v := newViewer(a)
	for i, stamp := range []int64{5, 5, 5, 6, 7, 7} {
		send(t, v, videoPT, uint16(i), uint16(i), 0, stamp)
	}
	if a.packets.Load() != 6 || a.messages.Load() != 3 {
		t.Errorf("%d packets in %d messages, want 6 in 3", a.packets.Load(), a.messages.Load())
	}
}

// The calendar finds frames whatever the server adds to their times, against a list as model.
func TestCalendarFindsFrames(t *testing.T) {
	var c calendar
	var o frameOffset
	if _, _, ok := c.find(&o, 1, 1); ok || c.newest() != -1 {
		t.Fatal("an empty calendar has a frame")
	}
	const added = 0xfffff000 // the times wrap on their way
	start := uint32(0xffff0000)
	for i := range int64(10000) {
		c.put(start+uint32(i)*3000, i*1000)
		if i%7 != 0 {
			continue // it comes later
		}
		for _, back := range []int64{0, 3, 6} {
			if i < back {
				continue
			}
			want := i - back
			frame, delay, ok := c.find(&o, start+uint32(want)*3000+added, want*1000+500+back*1000)
			if back == 0 || o.by == added {
				if !ok || frame != want || delay != time.Duration(500+back*1000) {
					t.Fatalf("frame %d of %d: got %d after %v, %v", want, i, frame, delay, ok)
				}
			}
		}
	}
	if c.newest() != 9999 {
		t.Errorf("newest is %d", c.newest())
	}
	// A frame that nobody sent moves the offset: to the newest that had been sent when it came.
	frame, _, ok := c.find(&o, 12345, 9_000_500)
	if !ok || frame != 9000 {
		t.Errorf("an unknown time is frame %d, %v", frame, ok)
	}
	// What came before it was sent cannot be: the offset was wrong.
	if frame, delay, ok := c.find(&o, 12345+3000, 8_999_900); !ok || frame != 8999 || delay != 900 {
		t.Errorf("frame %d after %v, %v", frame, delay, ok)
	}
}

func TestPercentile(t *testing.T) {
	var d delays
	before := d.snapshot()
	for i := range 100 {
		d.add(time.Duration(i) * time.Millisecond)
	}
	d.add(-time.Second)
	d.add(time.Hour)
	after := d.snapshot()
	for p, want := range map[float64]time.Duration{
		0: delayBucket, 0.5: 50*time.Millisecond + delayBucket, 0.999: delayBuckets * delayBucket,
	} {
		if got := percentile(before, after, p); got != want {
			t.Errorf("percentile %v is %v, want %v", p, got, want)
		}
	}
	if percentile(after, after, 0.5) != 0 {
		t.Error("percentile of nothing")
	}
}

func TestMedian(t *testing.T) {
	for want, all := range map[float64][]float64{0: nil, 3: {3}, 2.5: {9, 1, 2, 3}, 5: {9, 5, 1}} {
		if got := median(all); got != want {
			t.Errorf("median of %v is %v", all, got)
		}
	}
}

// Our own parser takes the pictures for what they are.
func TestDescribe(t *testing.T) {
	b := make([]byte, 40)
	var d codec.Descriptor
	for _, tc := range []struct{ first, key bool }{{true, true}, {true, false}, {false, true}, {false, false}} {
		describe(b, tc.first, tc.key, 0x1234)
		if err := codec.ParseVP8(b, &d); err != nil {
			t.Fatal(err)
		}
		if d.Start != tc.first || d.Keyframe != (tc.first && tc.key) || d.PictureID != 0x1234 {
			t.Errorf("%+v became %+v", tc, d)
		}
		if d.Keyframe && (d.Width != 1280 || d.Height != 720) {
			t.Errorf("%d x %d", d.Width, d.Height)
		}
	}
}

func TestExtensionID(t *testing.T) {
	const uri = "urn:x"
	for text, want := range map[string]uint8{
		"": 0, "a=extmap:4 urn:x\r\n": 4, "a=extmap:5 urn:y\r\na=extmap:6/recvonly urn:x\r\n": 6, "a=extmap:urn:x": 0, "a=extmap: urn:x": 0,
	} {
		if got := extensionID(text, uri); got != want {
			t.Errorf("%q has %d, want %d", text, got, want)
		}
	}
}
