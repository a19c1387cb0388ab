package icemux

import (
	"net"

	"github.com/pion/ice/v4"

	"github.com/heliograph/heliograph/internal/udpio"
)

// Batch is the Mux as the Transports of one worker, a goroutine, see it: the RTP that they send over UDP waits for Flush, so that the packets
// for one address leave together. STUN, DTLS and RTCP of ICE agents, which other goroutines send too, leave at once; so does all that leaves
// by TCP. UDP leaves by the worker's own socket of each local address. It implements ice.UDPMux.
type Batch struct {
	// Fixed after construction.
	*Mux
	worker int
	queue  *udpio.Queue

	// Owned by the worker.
	scratch [maxDatagram]byte // what a Line sends by TCP
}

var _ ice.UDPMux = (*Batch)(nil)

// NewBatch makes a Batch. It needs no end.
func (m *Mux) NewBatch() *Batch {
	return &Batch{Mux: m, worker: int(m.batches.Add(1)) - 1, queue: udpio.NewQueue()}
}

// GetConn gives an ICE agent the Conn of its user fragment, in the family of addr.
func (b *Batch) GetConn(ufrag string, addr net.Addr) (net.PacketConn, error) {
	return b.connOrNil(ufrag, addr, b, nil)
}

// Flush sends what waits. The goroutine that writes RTP calls it at the end of each round of its work.
func (b *Batch) Flush() { b.queue.Flush() }

// isMedia tells RTP and RTCP from STUN, DTLS and all else (RFC 7983, section 7).
func isMedia(b []byte) bool { return len(b) > 0 && b[0]>>6 == 2 }

// isRTP tells RTP from STUN, DTLS (RFC 7983, section 7) and RTCP (RFC 5761, section 4).
func isRTP(b []byte) bool {
	const firstRTCP, lastRTCP = 64, 95 // as payload types
	if len(b) < 12 || b[0]>>6 != 2 {
		return false
	}
	pt := b[1] & 0x7f
	return pt < firstRTCP || pt > lastRTCP
}
