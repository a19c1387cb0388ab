package bwe

import "time"

// Probe asks the sender for a short time at a higher rate: its packets, RTX or padding where media is not enough, are
// marked with its ID.
type Probe struct {
	ID    int // above 0
	Rate  Bitrate
	Bytes int
	Size  int           // of each of its packets, as far as the sender can choose
	Until time.Duration // the probe ends then, whatever was sent
}

const (
	probeTime    = 15 * time.Millisecond
	probePackets = 5 // a probe has at least so many
	probePacket  = 1200
	probeShort   = 60 * time.Millisecond  // for no longer a probe of the least number of packets lasts, with smaller ones at low rates,
	probeSmall   = 300                    // of at least so many bytes: 6,000 would fill the queue of a path that carries little more than sound
	probeFits    = 45 * time.Millisecond  // at the target, a probe on demand takes no longer: audio waits 54 instead of 75 ms (p99 of 5.1-layers)
	probeSlack   = 50 * time.Millisecond  // beyond twice its length that a probe may take
	probePatient = 300 * time.Millisecond // and a round trip: what is not acknowledged by then is lost
)

// prober holds the probe that is under way.
type prober struct {
	lastID   int
	current  Probe
	pending  int           // bytes of other packets that went out after the latest of the probe
	offered  bool          // the caller has it
	next     Bitrate       // of the start probe that follows if this one finds room; 0 outside the start
	wish     Bitrate       // probe for this as soon as possible: what was there before feedback stopped
	again    time.Duration // a probe on demand may be made then
	started  bool
	demanded bool    // by a demand, not by the start
	ended    int     // probes that were judged
	shown    Bitrate // what the last of them has shown to arrive

	packets, acked      int
	sentBytes, gotBytes int // but for the first packet
	beside              int // bytes of other packets that went out in the same time
	firstSent, lastSent time.Duration
	firstRecv, lastRecv time.Duration
}

func (p *prober) busy() bool { return p.current.ID != 0 }

// plan prepares a probe of the usual number of packets for the caller to fetch. Those on demand come again and again while media flows: on a
// path that carries no more than the target they must not be long behind each other.
func (p *prober) plan(now time.Duration, rate, target Bitrate) {
	bytes := rate.Bytes(probeShort)
	if p.demanded {
		bytes = min(bytes, target.Bytes(probeFits))
	}
	p.planPackets(now, rate, probePackets, min(max(bytes/probePackets, probeSmall), probePacket))
}

// planPackets prepares a probe of at least so many packets of a size.
func (p *prober) planPackets(now time.Duration, rate Bitrate, packets, size int) {
	p.clear()
	p.lastID++
	bytes := max(rate.Bytes(probeTime), packets*size)
	p.current = Probe{ID: p.lastID, Rate: rate, Bytes: bytes, Size: size, Until: now + 2*rate.Lasts(bytes) + probeSlack}
}

// clear forgets the probe but not what is to be probed later.
func (p *prober) clear() {
	*p = prober{
		lastID: p.lastID, next: p.next, wish: p.wish, again: p.again, started: p.started, demanded: p.demanded,
		ended: p.ended, shown: p.shown,
	}
}

// cancel ends the probe, and with it the start.
func (p *prober) cancel() {
	p.clear()
	p.next = 0
}

// sent notes a packet if it belongs to the probe.
func (p *prober) sent(s Sent) {
	if s.Probe == 0 || s.Probe != p.current.ID {
		p.pending += s.Size
		return
	}
	if p.packets > 0 {
		p.beside += p.pending
	}
	p.pending = 0
	if p.packets == 0 {
		p.firstSent = s.At
	} else {
		p.sentBytes += s.Size
	}
	p.packets++
	p.lastSent = s.At
}

// arrived notes that a packet has arrived if it belongs to the probe.
func (p *prober) arrived(probe int, recv time.Duration, size int) {
	if probe == 0 || probe != p.current.ID {
		return
	}
	if p.acked == 0 {
		p.firstRecv, p.lastRecv = recv, recv
	} else {
		p.gotBytes += size
	}
	p.acked++
	p.firstRecv, p.lastRecv = min(p.firstRecv, recv), max(p.lastRecv, recv)
}

// over tells whether nothing more is to be expected of the probe.
func (p *prober) over(now, rtt time.Duration) bool {
	ended := now >= p.current.Until || p.sentBytes+p.current.Size >= p.current.Bytes
	return ended && (p.packets > 0 && p.acked == p.packets || now > max(p.lastSent, p.current.Until)+rtt+probePatient)
}

// goesOn tells whether a higher probe is worth its bytes. At the start it is soon; later media may be under way that a
// queue would hurt.
func (p *prober) goesOn(got, rate Bitrate) bool {
	if p.demanded {
		return p.shown >= rate.scale(probeClear)
	}
	return got >= rate.scale(probeGood)
}

// rateBeside is what else went out in the time of the probe. That is audio: at 150 kbit/s it is a sixth.
func (p *prober) rateBeside() Bitrate {
	if p.lastSent <= p.firstSent {
		return 0
	}
	return rateOf(p.beside, p.lastSent-p.firstSent)
}

// result returns the rates of sending and of arrival; ok is false if too little was sent or arrived to tell.
func (p *prober) result() (sent, got Bitrate, ok bool) {
	if p.acked < probePackets-1 || p.acked*10 < p.packets*8 || p.lastSent <= p.firstSent || p.lastRecv <= p.firstRecv {
		return 0, 0, false
	}
	return rateOf(p.sentBytes, p.lastSent-p.firstSent), rateOf(p.gotBytes, p.lastRecv-p.firstRecv), true
}
