package client

import (
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
)

// Intervals of what a participant does by itself, as browsers have them.
const (
	repairTick   = 20 * time.Millisecond  // while something is missing
	feedbackTick = 100 * time.Millisecond // transport-wide feedback
	reportTick   = time.Second
)

// maxReports is what fits into one receiver report (RFC 3550, section 6.4.1).
const maxReports = 31

// counters are atomic.
type counters struct {
	filtered, undeclared, malformed, refusedOffers atomic.Int64
}

// Stats sum up all slots and publications of a participant.
type Stats struct {
	SlotStats

	Sent       int           // RTP packets sent, resent ones included
	Resent     int           // for NACKs
	Filtered   int           // RTP packets that Config.Filter lost
	Undeclared int           // RTP packets of a source that no answer declared
	Malformed  int           // packets that cannot be read
	RTT        time.Duration // to the server, 0: not known yet
}

// Stats are the participant's counters.
func (p *Participant) Stats() Stats {
	out := Stats{
		Filtered: int(p.counters.filtered.Load()), Undeclared: int(p.counters.undeclared.Load()),
		Malformed: int(p.counters.malformed.Load()), RTT: time.Duration(p.hop.rtt.Load()),
	}
	for _, s := range p.allSlots() {
		st := s.Stats()
		out.Packets += st.Packets
		out.Bytes += st.Bytes
		out.Lost += st.Lost
		out.Repaired += st.Repaired
		out.Duplicates += st.Duplicates
		out.NACKed += st.NACKed
		out.KeyframeRequests += st.KeyframeRequests
	}
	for _, pub := range p.Publications() {
		for _, e := range pub.encodings {
			st := e.Stats()
			out.Sent += st.Packets + st.Resent
			out.Resent += st.Resent
		}
	}
	return out
}

// takeRTP gives a packet to its slot. One of a source that no answer has declared yet is lost, as in a browser.
func (p *Participant) takeRTP(b []byte) {
	p.receiving.Lock()
	defer p.receiving.Unlock()
	if f := p.config.Filter; f != nil && !f(b) {
		p.counters.filtered.Add(1)
		return
	}
	packet := &p.packet
	if err := packet.Unmarshal(b); err != nil {
		p.counters.malformed.Add(1)
		return
	}
	now := p.now()
	p.hop.arrived(now, packet)
	s := (*p.bySSRC.Load())[packet.SSRC]
	if s == nil {
		p.counters.undeclared.Add(1)
		return
	}
	p.writeRTCP(s.rtp(now, packet))
}

// takeRTCP gives RTCP packets to whom they concern. A packet comes once for each SSRC that it names.
func (p *Participant) takeRTCP(b []byte) {
	packets, err := rtcp.Unmarshal(b)
	if err != nil {
		p.counters.malformed.Add(1)
		return
	}
	for _, packet := range packets {
		switch packet := packet.(type) {
		case *rtcp.SenderReport:
			if s := (*p.bySSRC.Load())[packet.SSRC]; s != nil {
				s.senderReport(p.now(), packet)
			}
		case *rtcp.ExtendedReport:
			p.hop.answered(ntp(time.Now()), packet)
		default:
			for _, pub := range p.Publications() {
				for _, e := range pub.encodings {
					e.rtcp(p.now(), packet)
				}
			}
		}
	}
}

func (p *Participant) writeRTCP(packets []rtcp.Packet) {
	if len(packets) > 0 {
		_ = p.pc.WriteRTCP(packets) // after the end there is nobody to tell
	}
}

// hurry makes the next tick come soon.
func (p *Participant) hurry() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// run is what a participant does by itself: repairs that are due, feedback, reports.
func (p *Participant) run() {
	t := time.NewTimer(feedbackTick)
	defer t.Stop()
	var fed, reported time.Duration
	var ticked time.Duration
	for {
		select {
		case <-p.life.Done():
			return
		case <-p.wake:
			if p.now()-ticked < repairTick {
				t.Reset(repairTick)
				continue
			}
		case <-t.C:
		}
		ticked = p.now()
		busy := p.repair(ticked)
		if ticked-fed >= feedbackTick-time.Millisecond {
			fed = ticked
			p.writeRTCP(p.hop.feedback())
		}
		if ticked-reported >= reportTick {
			reported = ticked
			p.report(ticked)
		}
		next := feedbackTick - (p.now() - fed)
		if busy {
			next = min(next, repairTick)
		}
		t.Reset(max(next, time.Millisecond))
	}
}

// repair asks for what is due on all slots; busy tells that something is still missing.
func (p *Participant) repair(now time.Duration) (busy bool) {
	for _, s := range p.allSlots() {
		out, more := s.tick(now)
		p.writeRTCP(out)
		busy = busy || more
	}
	return busy
}

// report sends what receivers and senders tell each second: reception and a reference time (RFC 3611, section 4.4), and the times of
// what is sent.
func (p *Participant) report(now time.Duration) {
	rr := &rtcp.ReceiverReport{SSRC: ownSSRC}
	for _, s := range p.allSlots() {
		if r, ok := s.receptionReport(now); ok && len(rr.Reports) < maxReports {
			rr.Reports = append(rr.Reports, r)
		}
	}
	wall := ntp(time.Now())
	out := []rtcp.Packet{rr, &rtcp.ExtendedReport{
		SenderSSRC: ownSSRC, Reports: []rtcp.ReportBlock{&rtcp.ReceiverReferenceTimeReportBlock{NTPTimestamp: wall}},
	}}
	for _, pub := range p.Publications() {
		for _, e := range pub.encodings {
			if r := e.report(now, wall); r != nil {
				out = append(out, r)
			}
		}
	}
	p.writeRTCP(out)
}
