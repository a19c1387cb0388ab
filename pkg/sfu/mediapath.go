package sfu

import (
	"io"
	"strings"

	"github.com/pion/transport/v4/packetio"
	"github.com/pion/webrtc/v4"

	"github.com/heliograph/heliograph/internal/icemux"
)

// MediaPath says who protects and sends the media of Transports, and takes it in. It is chosen when a Transport is made and never changes,
// so that no RTP source is ever protected by two contexts: they would use the same nonces (RFC 3711, section 9.1).
type MediaPath string

// The media paths.
const (
	// MediaFast protects and sends in the worker that owns the Transport, and gets its packets from the ICE mux: Pion sees no media. A
	// Transport that cannot have it is portable: one on a mux of the caller, or with an offer that makes us the client of DTLS.
	MediaFast MediaPath = "fast"
	// MediaPortable leaves SRTP to Pion.
	MediaPortable MediaPath = "portable"
)

// batchFor is the mux of the worker if a Transport with this role in DTLS can have the fast path; nil: it is portable.
func (w *worker) batchFor(role webrtc.DTLSRole) *icemux.Batch {
	if w.srv.cfg.MediaPath != MediaFast || role != webrtc.DTLSRoleServer {
		return nil // Pion tells the keys to who is the server only
	}
	return w.batch
}

// answeringRole is our role in DTLS: that of the server, unless an offer wants it for itself (RFC 8842, section 5.2).
func answeringRole(offer string) webrtc.DTLSRole {
	for line := range strings.Lines(offer) {
		value, found := strings.CutPrefix(strings.TrimSpace(line), "a=setup:")
		if found && strings.TrimSpace(value) == "passive" {
			return webrtc.DTLSRoleClient
		}
	}
	return webrtc.DTLSRoleServer
}

// checksPath tells whether we check the path of a Transport once it is connected, by its first offer. Who publishes is checked, as nothing
// else measures its round trip. Who only watches checks the path itself, which is the consent that we go by (RFC 7675), and measures it by
// receiver reports: in a room of hundreds our checks would take as much as a tenth of all.
func checksPath(offer string) bool {
	publishes := false // by the m-line at hand: nothing says that it does not
	for line := range strings.Lines(offer) {
		switch line = strings.TrimSpace(line); {
		case strings.HasPrefix(line, "m="):
			if publishes {
				return true
			}
			publishes = strings.HasPrefix(line, "m=audio") || strings.HasPrefix(line, "m=video")
		case line == "a=recvonly" || line == "a=inactive":
			publishes = false
		}
	}
	return publishes
}

// mediaPath is that of the Transport.
func (t *Transport) mediaPath() MediaPath {
	if t.fast != nil {
		return MediaFast
	}
	return MediaPortable
}

// bufferFactory is what Pion writes decrypted packets to. On the fast path there are none.
func (t *Transport) bufferFactory(kind packetio.BufferPacketType, ssrc uint32) io.ReadWriteCloser {
	switch {
	case t.fast != nil:
		return noBuffer{}
	case kind == packetio.RTCPBufferPacket:
		return t.sinks.rtcp()
	}
	return t.sinks.rtp(ssrc)
}

// noBuffer is the buffer of an SSRC on the fast path: nothing is written to it, and nothing can be read.
type noBuffer struct{}

func (noBuffer) Write(b []byte) (int, error) { return len(b), nil }
func (noBuffer) Read([]byte) (int, error)    { return 0, io.EOF }
func (noBuffer) Close() error                { return nil }
