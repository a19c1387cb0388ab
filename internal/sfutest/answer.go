package sfutest

import (
	"fmt"
	"strings"

	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"

	"github.com/heliograph/heliograph/pkg/signaling"
)

// answered applies an answer, after it has learned from it which SSRC belongs to which slot.
func (p *Participant) answered(a *signaling.Answer) error {
	if a.Rev != p.offerRev {
		return fmt.Errorf("answer %d to offer %d", a.Rev, p.offerRev)
	}
	var d sdp.SessionDescription
	if err := d.UnmarshalString(a.SDP); err != nil {
		return fmt.Errorf("parse the answer: %w", err)
	}
	p.mu.Lock()
	for _, m := range d.MediaDescriptions {
		mid, _ := m.Attribute(sdp.AttrKeyMID)
		if s := p.byMID[mid]; s != nil {
			p.learnSSRCs(s, m)
		}
	}
	p.mu.Unlock()
	if err := p.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: a.SDP}); err != nil {
		return fmt.Errorf("apply the answer: %w", err)
	}
	return nil
}

func (p *Participant) learnSSRCs(s *Slot, m *sdp.MediaDescription) {
	var media, rtx uint32
	for _, a := range m.Attributes {
		switch a.Key {
		case sdp.AttrKeySSRC:
			if media == 0 {
				_, _ = fmt.Sscan(a.Value, &media)
			}
		case sdp.AttrKeySSRCGroup:
			if rest, ok := strings.CutPrefix(a.Value, sdp.SemanticTokenFlowIdentification+" "); ok {
				_, _ = fmt.Sscan(rest, &media, &rtx)
			}
		}
	}
	s.mu.Lock()
	s.ssrc, s.rtxSSRC = media, rtx
	s.mu.Unlock()
	for _, ssrc := range [...]uint32{media, rtx} {
		if ssrc != 0 {
			p.bySSRC[ssrc] = s
		}
	}
}
