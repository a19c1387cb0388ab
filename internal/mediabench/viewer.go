package mediabench

import (
	"sync/atomic"
	"time"

	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

// audience is what all viewers of one subject have got.
type audience struct {
	packets  atomic.Uint64 // RTP that arrived
	messages atomic.Uint64 // in which it arrived
	shows    *calendar     // when each frame was sent; nil: nobody asks for latency
	delays   delays
}

// viewer counts the RTP of one participant and tells the server what arrived.
type viewer struct {
	// Fixed after construction.
	audience      *audience
	feedbackTicks int // of the pump, from one feedback to the next

	// Guarded by the lock of the link. The ids are set before media flows.
	transportCC uint8 // id of the header extension; 0: there is none
	recorder    *twcc.Recorder
	header      rtp.Header
	stamp       int64
	ssrc        uint32 // of video
	highest     uint16 // sequence number
	cycles      uint32
	first       uint16
	got         uint32
	offset      frameOffset

	newest atomic.Int64 // frame that has arrived
}

const viewerSSRC = 1 // as sender of RTCP

func newViewer(a *audience) *viewer {
	return &viewer{audience: a, feedbackTicks: feedbackTicks, recorder: twcc.NewRecorder(viewerSSRC)}
}

// rtp takes one packet, protected as it is: all that is read here is in clear.
func (v *viewer) rtp(b []byte, stamp int64) {
	v.audience.packets.Add(1)
	if stamp != v.stamp {
		v.stamp = stamp
		v.audience.messages.Add(1)
	}
	if _, err := v.header.Unmarshal(b); err != nil {
		return
	}
	if x := v.header.GetExtension(v.transportCC); v.transportCC != 0 && len(x) == 2 {
		v.recorder.Record(v.header.SSRC, uint16(x[0])<<8|uint16(x[1]), stamp/1000)
	}
	if v.header.PayloadType != videoPT {
		return
	}
	v.count()
	if v.audience.shows == nil {
		return
	}
	frame, delay, ok := v.audience.shows.find(&v.offset, v.header.Timestamp, stamp)
	if ok {
		v.audience.delays.add(delay)
		v.newest.Store(frame)
	}
}

func (v *viewer) count() {
	seq := v.header.SequenceNumber
	switch {
	case v.ssrc != v.header.SSRC:
		v.ssrc, v.first, v.highest, v.cycles, v.got = v.header.SSRC, seq, seq, 0, 0
	case int16(seq-v.highest) > 0:
		if seq < v.highest {
			v.cycles++
		}
		v.highest = seq
	}
	v.got++
}

// feedback is what browsers send ten times a second, and a report once a second.
func (v *viewer) feedback(report bool) []rtcp.Packet {
	packets := v.recorder.BuildFeedbackPacket()
	if report && v.ssrc != 0 {
		extended := v.cycles<<16 | uint32(v.highest)
		expected := extended - uint32(v.first) + 1
		lost := uint32(0)
		if expected > v.got {
			lost = min(expected-v.got, 1<<23-1)
		}
		packets = append([]rtcp.Packet{&rtcp.ReceiverReport{SSRC: viewerSSRC, Reports: []rtcp.ReceptionReport{
			{SSRC: v.ssrc, LastSequenceNumber: extended, TotalLost: lost},
		}}}, packets...)
	}
	return packets
}

// delays is a histogram of latencies.
type delays struct {
	counts [delayBuckets]atomic.Uint64
}

const (
	delayBucket  = 50 * time.Microsecond
	delayBuckets = 10000 // the last one takes what is longer than half a second
)

func (d *delays) add(x time.Duration) {
	i := min(max(int(x/delayBucket), 0), delayBuckets-1)
	d.counts[i].Add(1)
}

// snapshot copies the counts.
func (d *delays) snapshot() *[delayBuckets]uint64 {
	var out [delayBuckets]uint64
	for i := range d.counts {
		out[i] = d.counts[i].Load()
	}
	return &out
}

// percentile is the upper edge of the bucket below which the share p of what came between two snapshots lies.
func percentile(from, to *[delayBuckets]uint64, p float64) time.Duration {
	total := uint64(0)
	for i := range to {
		total += to[i] - from[i]
	}
	rank, seen := uint64(p*float64(total)), uint64(0)
	for i := range to {
		if seen += to[i] - from[i]; seen > rank {
			return time.Duration(i+1) * delayBucket
		}
	}
	return 0
}
