package rtpfwd

import "strings"

// Codec names the payload format of a packet.
type Codec uint8

// The codecs that can be forwarded. CodecNone stands for payload types that were
// not negotiated.
const (
	CodecNone Codec = iota
	Opus            // RFC 7587
	RED             // RFC 2198, redundant audio
	PCMU            // G.711 µ-law, RFC 3551 section 4.5.14
	PCMA            // G.711 A-law, RFC 3551 section 4.5.14
	VP8             // RFC 7741
	VP9             // RFC 9628
	H264            // RFC 6184
	H265            // RFC 7798
	AV1             // AV1 RTP payload format 1.0
	codecCount
)

// codecNames are the names in metrics, logs and, without case, in SDP.
var codecNames = [codecCount]string{"none", "opus", "red", "pcmu", "pcma", "vp8", "vp9", "h264", "h265", "av1"}

// String returns the name in lower case, such as "vp8".
func (c Codec) String() string {
	if c >= codecCount {
		return "unknown"
	}
	return codecNames[c]
}

// Video says whether the codec has frames, layers and keyframes.
func (c Codec) Video() bool { return c >= VP8 && c < codecCount }

// ClockRate is the rate of RTP timestamps in Hz; 0 for CodecNone.
func (c Codec) ClockRate() uint32 {
	switch c {
	case Opus, RED: // RED is negotiated with the rate of what it carries
		return 48000
	case PCMU, PCMA:
		return 8000
	}
	if c.Video() {
		return 90000
	}
	return 0
}

// headed says that parameter sets may come in packets of their own before the slices
// of a keyframe: then several packets of one keyframe start it.
func (c Codec) headed() bool { return c == H264 || c == H265 }

// Media returns the codec of what is played: Opus for RED, which only frames it.
// Publications and Slots are named by it; a packet may come in either framing.
func (c Codec) Media() Codec {
	if c == RED {
		return Opus
	}
	return c
}

// ParseCodec finds the codec of a media type such as "video/VP8" or of the bare
// encoding name "VP8", in any case; CodecNone if there is none.
func ParseCodec(mime string) Codec {
	name := mime[strings.LastIndexByte(mime, '/')+1:]
	for c := Opus; c < codecCount; c++ {
		if strings.EqualFold(name, codecNames[c]) {
			return c
		}
	}
	return CodecNone
}

// PayloadTable says what the payload types of one Transport and direction mean.
type PayloadTable struct {
	// Codec is the codec of each payload type. CodecNone: not negotiated, or RTX.
	Codec [128]Codec
	// APT is the original payload type of an RTX payload type (RFC 4588 section
	// 8.1), 0 for all others.
	APT [128]uint8
}
