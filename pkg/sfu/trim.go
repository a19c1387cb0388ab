package sfu

import (
	"slices"
	"strings"

	"github.com/pion/sdp/v3"

	"github.com/heliograph/heliograph/pkg/rtpfwd"
)

// trim leaves out of an offer what nothing would come of: codecs that are not known here and, of a slot for video, all but the one
// that it is typed by; header extensions that are not known. Browsers offer twenty payload types on each m-line. Pion reads all of
// them anew for each of them, and keeps what it has read: the answer for a participant with 49 slots took it 70 ms and 2 MB.
func (o *offer) trim(desc *sdp.SessionDescription, known map[string]mediaLine, primary rtpfwd.Codec) {
	for i, m := range desc.MediaDescriptions {
		line := &o.lines[i]
		wanted := func(c rtpfwd.Codec) bool { return c != rtpfwd.CodecNone }
		if line.media == "video" {
			if line.codec = o.slotCodec(line.mid, known, primary); line.codec != rtpfwd.CodecNone {
				wanted = func(c rtpfwd.Codec) bool { return c == line.codec }
			}
		}
		keepCodecs(m, wanted)
		m.Attributes = slices.DeleteFunc(m.Attributes, func(a sdp.Attribute) bool {
			return a.Key == sdp.AttrKeyExtMap && !knownExtension(a.Value)
		})
	}
}

// slotCodec is what the slot on an m-line for video is typed by, from its first offer on; CodecNone if it is no slot.
func (o *offer) slotCodec(mid string, known map[string]mediaLine, primary rtpfwd.Codec) rtpfwd.Codec {
	if before, ok := known[mid]; ok {
		return before.codec
	}
	if s, ok := o.slots[mid]; ok {
		return codecOf(s.Codec, primary)
	}
	return rtpfwd.CodecNone
}

// keepCodecs leaves the wanted codecs on an m-line, with their retransmissions; all of them if none is wanted, so that what cannot be
// used is refused as it is.
func keepCodecs(m *sdp.MediaDescription, wanted func(rtpfwd.Codec) bool) {
	kept := keptPayloads(m, wanted)
	if len(kept) == 0 {
		return
	}
	leftOut := func(pt string) bool { return !slices.Contains(kept, pt) }
	m.MediaName.Formats = slices.DeleteFunc(m.MediaName.Formats, leftOut)
	m.Attributes = slices.DeleteFunc(m.Attributes, func(a sdp.Attribute) bool {
		switch a.Key {
		case "rtpmap", "fmtp", "rtcp-fb":
			pt, _, _ := strings.Cut(a.Value, " ")
			return pt != "*" && leftOut(pt)
		}
		return false
	})
}

// keptPayloads lists the payload types of the wanted codecs and of their retransmissions (RFC 4588, section 8.6).
func keptPayloads(m *sdp.MediaDescription, wanted func(rtpfwd.Codec) bool) []string {
	kept := []string{"0", "8"} // G.711 needs no rtpmap (RFC 3551, section 6)
	if m.MediaName.Media != "audio" {
		kept = nil
	}
	var repairs []string
	for _, a := range m.Attributes {
		if a.Key != "rtpmap" {
			continue
		}
		pt, _, _ := strings.Cut(a.Value, " ")
		_, name, _ := parseRTPMap(a.Value)
		switch {
		case strings.EqualFold(name, "rtx"):
			repairs = append(repairs, pt)
		case wanted(rtpfwd.ParseCodec(m.MediaName.Media + "/" + name)):
			kept = append(kept, pt)
		}
	}
	for _, a := range m.Attributes {
		if a.Key != "fmtp" {
			continue
		}
		pt, parameters, _ := strings.Cut(a.Value, " ")
		if apt, is := strings.CutPrefix(parameters, "apt="); is && slices.Contains(repairs, pt) && slices.Contains(kept, apt) {
			kept = append(kept, pt)
		}
	}
	return slices.DeleteFunc(kept, func(pt string) bool { return !slices.Contains(m.MediaName.Formats, pt) })
}

// knownExtension tells whether an a=extmap (RFC 8285, section 8) is of an extension that is known here.
func knownExtension(extmap string) bool {
	var ids rtpfwd.ExtensionIDs
	_, uri, _ := strings.Cut(extmap, " ")
	uri, _, _ = strings.Cut(uri, " ")
	return extensionField(&ids, uri) != nil
}
