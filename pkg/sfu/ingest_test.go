package sfu

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/pion/rtp"

	"github.com/heliograph/heliograph/internal/icemux"
	"github.com/heliograph/heliograph/pkg/rtpfwd"
	"github.com/heliograph/heliograph/pkg/signaling"
)

// publish gives a Transport a publication of VP8 by one source.
func (b *pathBench) publish(r *remote, mid string, ssrc uint32) *Publication {
	in := r.path.t.in
	in.payloads.Codec[96] = rtpfwd.VP8
	line := &ingestLine{mid: mid, kind: signaling.KindVideo, rate: 90000}
	line.encodings = []*ingestEncoding{{line: line, keyframes: rtpfwd.NewKeyframes()}}
	line.pub = &Publication{id: mid, mid: mid, transport: r.path.t, kind: signaling.KindVideo, codec: rtpfwd.VP8}
	in.lines[mid], in.ordered = line, append(in.ordered, line)
	in.bind(ssrc, line.encodings[0], false)
	return line.pub
}

// watch gives the worker a feed of a publication, as if somebody received it.
func (b *pathBench) watch(pub *Publication) *feed {
	f := newFeed(b.worker, pub)
	b.worker.feeds[pub] = f
	pub.transport.in.interest[pub] = []*worker{b.worker}
	return f
}

// marked is a packet of VP8 whose payload says its source and number.
func (r *remote) marked(t testing.TB, ssrc uint32, seq uint16, n int) []byte {
	t.Helper()
	p := rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: 96, SSRC: ssrc, SequenceNumber: seq, Timestamp: 3000 * uint32(seq)}, Payload: make([]byte, n)}
	p.Payload[1] = 1
	for at := 2; at+4 <= n; at += 4 {
		binary.BigEndian.PutUint32(p.Payload[at:], ssrc<<16|uint32(seq))
	}
	b, err := p.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	if b, err = r.out.EncryptRTP(nil, b, nil); err != nil {
		t.Fatal(err)
	}
	return b
}

// What somebody was given stays as it is, whatever else comes by the same Transport: packets that nobody gets, repeated ones and those that are
// not authentic use the memory of each other only.
func TestPacketsThatAreKeptStay(t *testing.T) {
	b := newPathBench(t)
	r := b.join(testProfiles[0], 10)
	const seen, unseen, unbound = 1, 2, 3
	f := b.watch(b.publish(r, "seen", seen))
	b.publish(r, "unseen", unseen)
	const packets = 300 // more than a slab
	for seq := range uint16(packets) {
		kept, other := r.marked(t, seen, seq, 1000), r.marked(t, unseen, seq, 1000)
		spoilt := r.marked(t, unseen, seq+packets, 1000)
		spoilt[500] ^= 1
		b.worker.Deliver(time.Now(), []icemux.Datagram{
			{To: r.path, Bytes: other}, {To: r.path, Bytes: kept}, {To: r.path, Bytes: spoilt}, {To: r.path, Bytes: kept},
			{To: r.path, Bytes: r.marked(t, unbound, seq, 1000)},
		})
		b.worker.drain()
		b.worker.flush()
	}
	b.expect("received", map[string]int{"srtp_auth": packets, "srtp_replay": packets, "unbound": packets})
	cached := 0
	for seq := range rtpfwd.SeqNo(1 << 17) {
		p := f.replicas[0].Ring.Get(seq)
		if p == nil {
			continue
		}
		cached++
		number := binary.BigEndian.Uint16(p.Raw[2:])
		for at := 14; at+4 <= len(p.Raw); at += 4 {
			if got, want := binary.BigEndian.Uint32(p.Raw[at:]), uint32(seen<<16)|uint32(number); got != want {
				t.Fatalf("packet %d has %x at %d, want %x", number, got, at, want)
			}
		}
		if p.Time&0xffffffff != rtpfwd.RTPTime(3000*uint32(number)) {
			t.Errorf("packet %d has the time %d", number, p.Time)
		}
	}
	if cached != packets {
		t.Errorf("%d packets are kept, want %d", cached, packets)
	}
}

// What nobody gets takes no memory.
func TestPacketsThatNobodyGetsAllocateNothing(t *testing.T) {
	b := newPathBench(t)
	r := b.join(testProfiles[0], 10)
	b.publish(r, "unseen", 1)
	const runs, round = 200, 8
	var rounds [][]icemux.Datagram
	for i := range runs + 1 {
		var batch []icemux.Datagram
		for k := range round {
			batch = append(batch, icemux.Datagram{To: r.path, Bytes: r.marked(t, 1, uint16(i*round+k), 1100)})
		}
		rounds = append(rounds, batch)
	}
	if n := testing.AllocsPerRun(runs, func() {
		b.worker.Deliver(time.Now(), rounds[0])
		b.worker.drain()
		rounds = rounds[1:]
	}); n != 0 {
		t.Errorf("%v allocations for a round, want 0", n)
	}
	if n := b.worker.counted.received; n != (runs+1)*round {
		t.Errorf("%d packets were received, want %d", n, (runs+1)*round)
	}
	b.expect("received", nil)
}
