package rtpfwd

// repairReach is how many transport-wide numbers back lost repairs are known, a power
// of two: over half a second at 800 packets/s.
const repairReach = 512

// Repair names a repair that was sent (RFC 4588).
type Repair struct {
	// SSRC is that of the media that it repairs.
	SSRC uint32
	// Seq is the number of the media packet.
	Seq uint16
}

// Repairs knows the latest repairs of one Transport by their transport-wide numbers, so
// that one that is lost itself is sent again unasked. Receivers do not always ask twice:
// libwebrtc stops asking for what is missing in upper spatial layers as soon as a frame
// of the next picture can follow, and then waits three seconds for a keyframe. The zero
// value is ready.
type Repairs struct {
	known []sentRepair // by the low bits of the number; nil until the first one
}

// sentRepair is a repair with its transport-wide number; 0: none.
type sentRepair struct {
	number int64
	Repair
}

// Sent notes a repair by its transport-wide number, which is above 0.
func (r *Repairs) Sent(number int64, repair Repair) {
	if r.known == nil {
		r.known = make([]sentRepair, repairReach) // few Transports repair anything: 8 KiB
	}
	r.known[number&(repairReach-1)] = sentRepair{number, repair}
}

// Lost returns the repair with the transport-wide number of which these are the low
// bits, among the latest that t gave, and forgets it: a loss is told of more than once.
func (r *Repairs) Lost(t *TransportNumbers, wire uint16) (repair Repair, ok bool) {
	number := t.extend(wire)
	if number <= 0 || r.known == nil || t.last-number >= repairReach {
		return Repair{}, false
	}
	known := &r.known[number&(repairReach-1)]
	if known.number != number {
		return Repair{}, false
	}
	known.number = 0
	return known.Repair, true
}
