package rtpfwd

import (
	"time"

	"github.com/heliograph/heliograph/pkg/rtpfwd/codec"
)

// Packet is one received media packet, parsed once and immutable after
// Inbound.Receive: all workers and subscriptions share it by reference.
type Packet struct {
	// Raw is the decrypted RTP packet. It belongs to the caller, who must not
	// change it while the Packet is in use.
	Raw []byte
	// Seq is the extended sequence number. Padding-only packets have none: the
	// numbers around them are closed up, so Seq is not always that of the wire.
	Seq SeqNo
	// Time is the extended RTP timestamp.
	Time RTPTime
	// Arrival is when the packet came, in server time.
	Arrival time.Duration
	// Encoding is that of the Inbound.
	Encoding uint8
	// PayloadType is that of the wire; of a repaired packet that of the original.
	PayloadType uint8
	Codec       Codec
	// Marker is the RTP marker bit.
	Marker bool
	// Level is the audio level in -dBov, 0 the loudest, 127 silence, and Voice the
	// voice activity flag (RFC 6464), both only if HasLevel is set.
	Level    uint8
	Voice    bool
	HasLevel bool
	// Desc is what the payload says of its frame. Audio has an empty one.
	Desc codec.Descriptor

	payloadStart, payloadEnd uint16 // offsets in Raw, without padding
	primaryStart             uint16 // of the primary block of RED; else payloadStart
	extensions               [kindCount]span
	present                  uint8 // bit k says that there is extensions[k]
}

// Payload returns the payload without padding, a part of Raw. It is empty for a
// padding packet that came after its successors: such a packet is only there to
// fill its number.
func (p *Packet) Payload() []byte { return p.Raw[p.payloadStart:p.payloadEnd] }

// Primary returns what the packet was sent for, a part of Raw: of RED (RFC 2198) the
// bytes of its primary block, which may be none, else the payload.
func (p *Packet) Primary() []byte { return p.Raw[p.primaryStart:p.payloadEnd] }

// empty says that there is nothing to forward but the number.
func (p *Packet) empty() bool { return p.payloadStart == p.payloadEnd }
