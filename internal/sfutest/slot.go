package sfutest

import (
	"fmt"
	"sync"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"github.com/heliograph/heliograph/internal/rtporder"
	"github.com/heliograph/heliograph/pkg/signaling"
)

// Slot is one receive m-line of a participant, as its receiver sees it.
type Slot struct {
	// Fixed after construction.
	kind  signaling.SlotKind
	media signaling.Kind
	group string
	world *World

	// Guarded by mu.
	mu       sync.Mutex
	mid      string
	noNACK   bool
	types    map[uint8]int // packets by their payload types
	ssrc     uint32
	rtxSSRC  uint32
	order    *rtporder.Order
	decoder  decoder
	csrc     uint32
	switches []Switch
	frames   []Frame
	packets  int
	faults   []string
	passed   time.Duration // by the timestamps of frames
	elapsed  time.Duration // by their arrivals
	jump     time.Duration // the most that timestamps and captures differed between two frames

	reportNTP  time.Duration // of the newest sender report, in the world's time
	reportTime uint32
	reported   bool
	reportAt   time.Duration
	reportMid  uint32 // the middle 32 bits of its NTP time, for receiver reports
	askedAt    time.Duration
	asked      bool
	quiet      bool // never asks for a keyframe
}

// Switch is the first packet from another source.
type Switch struct {
	At   time.Duration
	CSRC uint32
}

// Frame is a picture that decoded, or a packet of sound.
type Frame struct {
	At       time.Duration // complete
	Captured time.Duration
	CSRC     uint32
	Origin   uint64
	Number   uint32
	Encoding uint8
	Key      bool
	Synced   bool          // Offset is known
	Offset   time.Duration // from the capture to what sender reports say it was
}

func newSlot(w *World, kind signaling.SlotKind, media signaling.Kind, group string) *Slot {
	s := &Slot{kind: kind, media: media, group: group, world: w, types: map[uint8]int{}}
	rtt := 2 * w.network.delay // a browser learns it by its reports
	if media == signaling.KindAudio {
		s.order, s.decoder = rtporder.New(rtt, rtporder.AudioPatience), &audioDecoder{slot: s}
	} else {
		s.order, s.decoder = rtporder.New(rtt, rtporder.VideoPatience), &videoDecoder{slot: s}
	}
	return s
}

// decoder turns packets in order into frames. mu is held.
type decoder interface {
	packet(now time.Duration, p *rtp.Packet)
	wantsKeyframe() bool
}

func (s *Slot) rate() int64 {
	if s.media == signaling.KindAudio {
		return audioRate
	}
	return videoRate
}

// rtp takes a packet of the slot's SSRC or its RTX SSRC. It is ours to keep. It returns what to ask for.
func (s *Slot) rtp(now time.Duration, p *rtp.Packet) []rtcp.Packet {
	s.mu.Lock()
	defer s.mu.Unlock()
	repair := p.SSRC == s.rtxSSRC
	if repair {
		if len(p.Payload) < 2 {
			return nil // padding of a probe
		}
		p.SequenceNumber = uint16(p.Payload[0])<<8 | uint16(p.Payload[1])
		p.SSRC, p.Payload = s.ssrc, p.Payload[2:]
	}
	s.packets++
	s.types[p.PayloadType]++
	for _, q := range s.order.Put(now, p, repair, nil) {
		s.inOrder(now, q)
	}
	s.skip(now)
	return s.feedback(now, s.order.Fresh(now))
}

// skip goes on with the newest keyframe that is whole, if something before it is missing: nothing needs that any more.
func (s *Slot) skip(now time.Duration) {
	if _, stuck := s.order.Stuck(); !stuck || s.media != signaling.KindVideo {
		return
	}
	for _, q := range s.order.SkipToNewest(now, startsKeyframe, nil) {
		s.inOrder(now, q)
	}
}

// inOrder checks what every packet has, and passes it to the decoder.
func (s *Slot) inOrder(now time.Duration, p *rtp.Packet) {
	if len(p.CSRC) != 1 {
		s.fault(now, "a packet has %d CSRCs", len(p.CSRC))
		return
	}
	if p.CSRC[0] != s.csrc {
		s.csrc = p.CSRC[0]
		s.switches = append(s.switches, Switch{now, s.csrc})
	}
	s.decoder.packet(now, p)
}

const (
	stuckAfter    = 400 * time.Millisecond // then repair has become unlikely, and a keyframe takes its time too
	keyframeEvery = 200 * time.Millisecond // between two requests, as browsers
)

// feedback is the RTCP that is due: a NACK for what is lost, and PLI.
func (s *Slot) feedback(now time.Duration, lost []uint16) []rtcp.Packet {
	var out []rtcp.Packet
	if len(lost) > 0 && !s.noNACK {
		out = append(out, &rtcp.TransportLayerNack{SenderSSRC: 1, MediaSSRC: s.ssrc, Nacks: rtcp.NackPairsFromSequenceNumbers(lost)})
	}
	since, stuck := s.order.Stuck()
	stuck = stuck && s.media == signaling.KindVideo && now-since >= stuckAfter
	if (stuck || s.decoder.wantsKeyframe()) && !s.quiet && (!s.asked || now-s.askedAt >= keyframeEvery) {
		s.asked, s.askedAt = true, now
		out = append(out, &rtcp.PictureLossIndication{SenderSSRC: 1, MediaSSRC: s.ssrc})
	}
	return out
}

// tick gives up what is too old, and returns the RTCP that is due.
func (s *Slot) tick(now time.Duration) []rtcp.Packet {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.order.Drain(now, nil) {
		s.inOrder(now, p)
	}
	return s.feedback(now, s.order.Due(now))
}

// senderReport learns how the slot's timestamps run against the server's clock.
func (s *Slot) senderReport(now time.Duration, sr *rtcp.SenderReport) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reported, s.reportTime, s.reportNTP = true, sr.RTPTime, s.world.fromNTP(sr.NTPTime)
	s.reportAt, s.reportMid = now, uint32(sr.NTPTime>>16)
}

// receptionReport is our report on the slot (RFC 3550, section 6.4.1).
func (s *Slot) receptionReport(now time.Duration) (rtcp.ReceptionReport, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	newest, started := s.order.Newest()
	if !started {
		return rtcp.ReceptionReport{}, false
	}
	r := rtcp.ReceptionReport{SSRC: s.ssrc, LastSequenceNumber: newest, TotalLost: uint32(s.order.Stats().Lost)}
	if s.reported {
		r.LastSenderReport, r.Delay = s.reportMid, uint32((now-s.reportAt).Seconds()*65536)
	}
	return r, true
}

// decoded records a frame and checks its timestamp against the one before: both must be as far apart as their captures.
func (s *Slot) decoded(now time.Duration, p *rtp.Packet, st *stamp, before *rtpMoment) {
	f := Frame{
		At: now, Captured: st.captured, CSRC: p.CSRC[0], Origin: st.origin, Number: st.frame, Encoding: st.encoding, Key: st.key,
	}
	if s.reported {
		ahead := time.Duration(int32(p.Timestamp-s.reportTime)) * time.Second / time.Duration(s.rate())
		f.Synced, f.Offset = true, s.reportNTP+ahead-st.captured
	}
	s.frames = append(s.frames, f)
	m := rtpMoment{
		known: true, at: now, time: p.Timestamp, captured: st.captured, csrc: f.CSRC, origin: st.origin, encoding: st.encoding, key: st.key,
		replayed: st.key && now-st.captured > replayedAge,
	}
	if before.known {
		m.step = s.checkTime(now, before, &m)
	}
	*before = m
}

// rtpMoment is a timestamp with the capture that it stands for.
type rtpMoment struct {
	known    bool
	at       time.Duration // decoded
	time     uint32
	captured time.Duration
	csrc     uint32
	origin   uint64
	encoding uint8
	key      bool
	replayed bool          // it was sent of the past, with all since
	step     time.Duration // from the frame before
}

const (
	sameSourceDrift = 2 * time.Millisecond
	switchDrift     = 20 * time.Millisecond  // and one frame: the first one of another source may come right after the last one
	replayPace      = 512                    // how many times faster than its captures the timestamps of a replay pass
	replayLength    = 300 * time.Millisecond // how long the path may be busy with one
	afterReplay     = 100 * time.Millisecond // a frame is not longer
	replayedAge     = 10 * time.Millisecond  // a keyframe that is older may be of the past: a path without loss takes that
)

// checkTime returns how far apart two timestamps are: as far as the captures, but for what comes from the past at once.
func (s *Slot) checkTime(now time.Duration, a, b *rtpMoment) time.Duration {
	passed := time.Duration(int32(b.time-a.time)) * time.Second / time.Duration(s.rate())
	s.passed += passed
	s.elapsed += b.at - a.at
	drift, limit := (passed - (b.captured - a.captured)).Abs(), sameSourceDrift
	if a.csrc != b.csrc || a.encoding != b.encoding || b.captured-a.captured > time.Second { // it may have been away for that time
		limit = switchDrift + a.step
	}
	if b.replayed = s.replayed(a, b, passed); b.replayed || a.replayed && (passed-(b.at-a.at)).Abs() <= replayLength {
		limit = drift
	} else {
		s.jump = max(s.jump, drift)
	}
	if passed < 0 || drift > limit {
		s.fault(now, "timestamps are %v apart, captures %v (from %s/%d to %s/%d)", passed, b.captured-a.captured,
			s.world.originName(a.origin), a.encoding, s.world.originName(b.origin), b.encoding)
	}
	if a.replayed {
		return max(passed, afterReplay) // it came close behind the replay, and says nothing of how long a frame is
	}
	return passed
}

// replayed tells whether b is of a replay: its keyframe, in real time by its timestamp, or a frame that follows in it, faster.
func (s *Slot) replayed(a, b *rtpMoment, passed time.Duration) bool {
	if s.media == signaling.KindAudio || passed <= 0 {
		return false
	}
	if b.key && b.at-b.captured > replayedAge {
		return passed <= b.at-a.captured+switchDrift+a.step // the frame before may have come late
	}
	tick := time.Second / videoRate
	return a.csrc == b.csrc && a.encoding == b.encoding && (passed-(b.captured-a.captured)/replayPace).Abs() <= tick
}

const maxFaults = 10

func (s *Slot) fault(now time.Duration, format string, args ...any) {
	if len(s.faults) < maxFaults {
		s.faults = append(s.faults, fmt.Sprintf("%v slot %s: ", now, s.mid)+fmt.Sprintf(format, args...))
	}
}
