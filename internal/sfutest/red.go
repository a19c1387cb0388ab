package sfutest

import (
	"encoding/binary"
	"fmt"

	"github.com/pion/webrtc/v4"
)

// mimeRED is redundant audio (RFC 2198).
const mimeRED = "audio/red"

// preferRED puts RED before Opus in the offers of an m-line.
func preferRED(tr *webrtc.RTPTransceiver) error {
	codecs := make([]webrtc.RTPCodecParameters, 0, 2)
	for _, mime := range []string{mimeRED, webrtc.MimeTypeOpus} {
		c := webrtc.RTPCodecParameters{RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: mime, ClockRate: audioRate, Channels: 2}, PayloadType: opusPT}
		if mime == mimeRED {
			c.PayloadType, c.SDPFmtpLine = redPT, fmt.Sprintf("%d/%d", opusPT, opusPT)
		} else {
			c.SDPFmtpLine = "minptime=10;useinbandfec=1"
		}
		codecs = append(codecs, c)
	}
	if err := tr.SetCodecPreferences(codecs); err != nil {
		return fmt.Errorf("prefer RED: %w", err)
	}
	return nil
}

// redBlock is one block of RED, offset ticks older than its packet.
type redBlock struct {
	offset uint32
	data   []byte
}

// redPayload is a frame with the one before it, if that is not too old.
func redPayload(offset uint32, before, frame []byte) []byte {
	var out []byte
	if before != nil && offset < 1<<14 {
		out = binary.BigEndian.AppendUint32(out, 1<<31|opusPT<<24|offset<<10|uint32(len(before)))
	} else {
		before = nil
	}
	out = append(out, opusPT)
	return append(append(out, before...), frame...)
}

// readRED reads blocks of Opus; the last one is the frame that the packet was sent for.
func readRED(b []byte) (blocks []redBlock, ok bool) {
	var sizes []int
	for len(b) >= 4 && b[0]&0x80 != 0 {
		word := binary.BigEndian.Uint32(b)
		if word>>24&0x7f != opusPT {
			return nil, false
		}
		blocks, sizes, b = append(blocks, redBlock{offset: word >> 10 & (1<<14 - 1)}), append(sizes, int(word&(1<<10-1))), b[4:]
	}
	if len(b) == 0 || b[0] != opusPT {
		return nil, false
	}
	b = b[1:]
	for i, n := range sizes {
		if n > len(b) {
			return nil, false
		}
		blocks[i].data, b = b[:n], b[n:]
	}
	return append(blocks, redBlock{data: b}), true
}
