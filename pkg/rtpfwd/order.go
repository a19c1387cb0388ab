package rtpfwd

const (
	// maxDropout is how far a sequence number may lie from the highest one (RFC
	// 3550 appendix A.1). Beyond, two packets in a row have to agree on it.
	maxDropout = 3000
	// restartRun is how many packets in a row make a restart where a single one
	// may as well be a very late packet: behind the window, but not far behind.
	restartRun = 32
	// maxRepairLead is how far a repair may lie ahead: repairs answer requests, or
	// repeat what was just sent.
	maxRepairLead = 100
)

// placement says where a packet lies in the order of its stream.
type placement struct {
	seq      SeqNo // wire numbering, extended
	previous SeqNo // the highest number before this packet
	newest   bool  // seq is the highest number now
	first    bool  // the first packet of the stream
	restart  bool  // the stream began anew with this packet
}

// order puts the packets of one stream in order: it extends sequence numbers,
// finds duplicates, and restarts.
type order struct {
	started bool
	highest SeqNo
	seen    seen

	run     int    // packets in a row that a restart would explain
	runNext uint16 // the number that would come next in the run
}

// place finds the place of a packet. Repairs never start or restart a stream.
func (o *order) place(wire uint16, repair bool) (placement, Reason) {
	if !o.started {
		if repair {
			return placement{}, TooOld
		}
		return o.start(wire), None
	}
	seq := extendSeq(o.highest, wire)
	ahead := seq - o.highest
	if ahead > maxDropout || ahead < -maxDropout || repair && ahead > maxRepairLead {
		return o.jump(wire, repair, 2, SequenceJump)
	}
	if ahead <= -seenWindow {
		return o.jump(wire, repair, restartRun, TooOld)
	}
	p := placement{seq: seq, previous: o.highest}
	if ahead > 0 {
		p.newest = true
		o.seen.advance(o.highest, seq)
		o.highest, o.run = seq, 0
		return p, None
	}
	if o.seen.has(seq) {
		return p, Duplicate
	}
	o.seen.set(seq)
	return p, None
}

// start takes the first packet.
func (o *order) start(wire uint16) placement {
	o.started, o.highest = true, SeqNo(wire)+firstCycle
	o.seen.set(o.highest)
	return placement{seq: o.highest, previous: o.highest - 1, newest: true, first: true}
}

// jump counts packets in a row that do not fit. When there are enough of them the
// stream begins anew, above all numbers so far; before, the packet is dropped.
func (o *order) jump(wire uint16, repair bool, enough int, why Reason) (placement, Reason) {
	if repair {
		return placement{}, why
	}
	if o.run == 0 || wire != o.runNext {
		o.run = 0
	}
	o.run++
	o.runNext = wire + 1
	if o.run < enough {
		return placement{}, why
	}
	seq := o.highest&^0xffff | SeqNo(wire)
	if seq <= o.highest {
		seq += 1 << 16
	}
	p := placement{seq: seq, previous: o.highest, newest: true, restart: true}
	o.highest, o.run, o.seen = seq, 0, seen{}
	o.seen.set(seq)
	return p, None
}
