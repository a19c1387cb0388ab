package connectbench

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"time"

	"github.com/heliograph/heliograph/pkg/client"
	"github.com/heliograph/heliograph/pkg/signaling"
)

const (
	audioEvery  = 20 * time.Millisecond
	audioBytes  = 80
	videoEvery  = 40 * time.Millisecond
	videoBytes  = 1000 // of a packet
	viewerRate  = 300  // packets of video a second that a viewer gets over all slots, if that is 25 a slot or more: 2.4 Mbit/s
	settlePause = 500 * time.Millisecond
	settleTries = 60
)

// stage is what the viewers of the second phase see: one participant for each slot.
type stage struct {
	video, audio []*client.Encoding
	perFrame     int // packets
}

// publish joins a participant for each slot of one kind, who publishes on as many slots of the other one as there are.
func (c *crew) publish(ctx context.Context, room string, slots SlotCount) (*stage, error) {
	s := &stage{perFrame: max(viewerRate/max(slots.Video, 1)/int(time.Second/videoEvery), 1)}
	for i := range max(slots.Audio, slots.Video) {
		var formats []client.Format
		if i < slots.Audio {
			formats = append(formats, client.Format{Source: signaling.SourceMicrophone})
		}
		if i < slots.Video {
			formats = append(formats, client.Format{Source: signaling.SourceCamera, Width: 640, Height: 360})
		}
		p, err := c.join(ctx, room, fmt.Sprint("publisher", i), client.Config{Slots: client.Slots{Audio: -1, Video: -1, Fixed: true}, Publish: formats})
		if err != nil {
			return nil, err
		}
		for _, pub := range p.Publications() {
			if pub.Format().Source == signaling.SourceMicrophone {
				s.audio = append(s.audio, pub.Encoding(0))
			} else {
				s.video = append(s.video, pub.Encoding(0))
			}
		}
	}
	return s, nil
}

// play sends until ctx ends.
func (s *stage) play(ctx context.Context) {
	var sound sync.WaitGroup
	sound.Go(func() {
		each(ctx, audioEvery, func(n int) {
			for i, e := range s.audio {
				_ = e.Send(uint32(n)*48000/uint32(time.Second/audioEvery), // idle ones have nobody who listens
					client.Packet{Payload: make([]byte, audioBytes), Marker: n == 0, Level: uint8(20 + i), Voice: true})
			}
		})
	})
	each(ctx, videoEvery, func(n int) {
		for _, e := range s.video {
			key := e.KeyframeWanted() || n == 0
			_ = e.Send(uint32(n)*90000/uint32(time.Second/videoEvery), s.frame(n, key)...)
		}
	})
	sound.Wait()
}

// each calls f at a steady rate.
func each(ctx context.Context, every time.Duration, f func(n int)) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			f(n)
		}
	}
}

// frame makes a frame of VP8 (RFC 7741): descriptor with a picture id of 15 bits, and a payload header that says whether it is a
// keyframe (RFC 6386, section 9.1). Nobody decodes it.
func (s *stage) frame(n int, key bool) []client.Packet {
	packets := make([]client.Packet, s.perFrame)
	for i := range packets {
		b := make([]byte, videoBytes)
		b[0], b[1] = 0x80, 0x80
		binary.BigEndian.PutUint16(b[2:], 0x8000|uint16(n)&0x7fff)
		if i == 0 {
			b[0] |= 0x10
			b[4] = 1
			if key {
				copy(b[4:], []byte{0, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01})
			}
		}
		packets[i] = client.Packet{Payload: b, Marker: i == len(packets)-1}
	}
	return packets
}

// awaitMedia waits until every slot of the viewers receives.
func awaitMedia(ctx context.Context, viewers []*client.Participant) error {
	idle := 0
	for range settleTries {
		if idle = idleSlots(viewers); idle == 0 {
			return nil
		}
		if err := pause(ctx, settlePause); err != nil {
			return err
		}
	}
	return fmt.Errorf("%d slots of %d viewers receive nothing", idle, len(viewers))
}

func idleSlots(viewers []*client.Participant) (n int) {
	for _, p := range viewers {
		for _, s := range p.Slots() {
			if s.Stats().Packets == 0 {
				n++
			}
		}
	}
	return n
}

// pause waits for d, or returns the error of ctx.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
