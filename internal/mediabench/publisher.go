package mediabench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

// publisher sends frames of VP8 as a browser does: a picture id in each packet, transport-wide numbers, a sender report each second, and a
// keyframe when it is asked for one. The packets of a frame leave back to back. What is in the pictures is zeros.
type publisher struct {
	// Fixed after construction.
	*participant
	frame    int // packets
	size     int // bytes of an RTP packet
	calendar *calendar
	start    time.Time

	// Owned by send.
	seq, number, picture uint16
	packets, octets      uint32
	reportedAt           time.Time
	payload              []byte

	keyed time.Time

	changed chan struct{} // one place: period or flood has changed

	// Atomic.
	wanted atomic.Bool           // a keyframe
	period atomic.Int64          // from one frame to the next, in nanoseconds
	flood  atomic.Pointer[flood] // says when the next frame goes instead; nil: period does
}

const (
	descriptorBytes = 4 // of VP8: two of flags, two of picture id
	idlePeriod      = 500 * time.Millisecond
	keyframePause   = 500 * time.Millisecond // between two keyframes that are asked for
)

// openPublisher makes a publisher that sends nothing yet. Its calendar is filled as it sends.
func (l *load) openPublisher(frame, size int) (*publisher, error) {
	p := &publisher{frame: frame, size: size, calendar: &calendar{}, start: time.Now(), changed: make(chan struct{}, 1)}
	p.payload = make([]byte, size-rtpHeader)
	p.wanted.Store(true)
	p.period.Store(int64(idlePeriod))
	var err error
	p.participant, err = openParticipant(l.net, nil, p.takeRTCP)
	return p, err
}

func (p *publisher) takeRTCP(packets []rtcp.Packet) {
	for _, packet := range packets {
		switch packet.(type) {
		case *rtcp.PictureLossIndication, *rtcp.FullIntraRequest:
			p.wanted.Store(true)
		}
	}
}

// setPeriod changes the pace.
func (p *publisher) setPeriod(d time.Duration) {
	p.period.Store(int64(d))
	p.wake()
}

func (p *publisher) wake() {
	select {
	case p.changed <- struct{}{}:
	default:
	}
}

// run sends frames until ctx ends.
func (p *publisher) run(ctx context.Context) error {
	next := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			if err := p.send(); err != nil {
				return err
			}
			if f := p.flood.Load(); f != nil {
				f.await(ctx, p.calendar.newest())
				next = time.Now()
				break
			}
			next = next.Add(time.Duration(p.period.Load()))
			if late := time.Since(next); late > 100*time.Millisecond {
				next = time.Now() // what was missed is not caught up with
			}
		case <-p.changed: // several publishers do not send at one time
			next = time.Now().Add(rand.N(time.Duration(p.period.Load())))
		case <-ctx.Done():
			return nil
		}
		timer.Reset(time.Until(next))
	}
}

// send sends one frame.
func (p *publisher) send() error {
	now := time.Now()
	key := p.wanted.Load() && now.Sub(p.keyed) > keyframePause
	if key {
		p.wanted.Store(false)
		p.keyed = now
	}
	rtpTime := uint32(now.Sub(p.start).Nanoseconds() * videoRate / 1e9)
	p.picture = (p.picture + 1) & 0x7fff
	for i := range p.frame {
		if err := p.write(i, rtpTime, key); err != nil {
			return err
		}
	}
	p.calendar.put(rtpTime, time.Now().UnixNano())
	if err := p.link.flush(); err != nil {
		return fmt.Errorf("send a frame: %w", err)
	}
	if now.Sub(p.reportedAt) >= time.Second {
		p.reportedAt = now
		p.report(now, rtpTime)
	}
	return nil
}

func (p *publisher) write(i int, rtpTime uint32, key bool) error {
	describe(p.payload, i == 0, key, p.picture)
	packet := rtp.Packet{
		Header: rtp.Header{
			Version: 2, PayloadType: videoPT, SequenceNumber: p.seq, Timestamp: rtpTime, Marker: i == p.frame-1,
		},
		Payload: p.payload,
	}
	if p.transportCC != 0 {
		if err := packet.SetExtension(p.transportCC, []byte{byte(p.number >> 8), byte(p.number)}); err != nil {
			return fmt.Errorf("number a packet: %w", err)
		}
	}
	p.seq++
	p.number++
	p.packets++
	p.octets += uint32(len(p.payload))
	if err := p.track.WriteRTP(&packet); err != nil {
		return fmt.Errorf("protect a packet: %w", err)
	}
	return nil
}

// describe writes the payload descriptor of VP8 (RFC 7741, section 4.2) and the frame tag (RFC 6386, section 9.1).
func describe(payload []byte, first, key bool, picture uint16) {
	payload[0], payload[1] = 0x80, 0x80
	payload[2], payload[3] = 0x80|byte(picture>>8), byte(picture)
	tag := payload[descriptorBytes:]
	clear(tag[:10])
	if !first {
		return
	}
	payload[0] |= 0x10
	tag[0] = 1
	if key {
		copy(tag, []byte{0x10, 0, 0, 0x9d, 0x01, 0x2a, 1280 & 0xff, 1280 >> 8, 720 & 0xff, 720 >> 8})
	}
}

// report sends a sender report (RFC 3550, section 6.4.1).
func (p *publisher) report(now time.Time, rtpTime uint32) {
	const since1900 = 2208988800
	_ = p.pc.WriteRTCP([]rtcp.Packet{&rtcp.SenderReport{ // after the end there is nobody to tell
		SSRC:    p.ssrc(),
		NTPTime: uint64(now.Unix()+since1900)<<32 | uint64(now.Nanosecond())<<32/1e9,
		RTPTime: rtpTime, PacketCount: p.packets, OctetCount: p.octets,
	}})
}

func (p *publisher) ssrc() uint32 {
	for _, s := range p.pc.GetSenders() {
		for _, e := range s.GetParameters().Encodings {
			return uint32(e.SSRC)
		}
	}
	return 0
}

// minSize is the least that a packet of a publisher may have.
const minSize = rtpHeader + descriptorBytes + 10
