package sfu

import (
	"slices"
	"strings"

	"github.com/pion/sdp/v3"

	"github.com/heliograph/heliograph/pkg/signaling"
)

// viewGroup is the group of a viewer's slots: players put one stream into one element, so picture and sound share a stream id.
const viewGroup = "view"

// declare fills in what the m-lines of an offer are for when their sender cannot say it (WHIP, WHEP). Each kind of media is there
// once at most (RFC 9725, section 4.4.2): there is no telling which of two microphones is which.
func declare(h *signaling.Hello, lines signaling.Lines) error {
	if lines == signaling.LinesDeclared {
		return nil
	}
	var desc sdp.SessionDescription
	if len(h.Offer.SDP) > maxSDPBytes {
		return invalid("the SDP has %d bytes, at most %d are taken", len(h.Offer.SDP), maxSDPBytes)
	}
	if err := desc.UnmarshalString(h.Offer.SDP); err != nil {
		return invalid("the SDP does not parse: %v", err)
	}
	seen := map[string]bool{}
	for _, m := range desc.MediaDescriptions {
		media := m.MediaName.Media
		if media != "audio" && media != "video" {
			continue
		}
		if seen[media] {
			return unusable("the offer has more than one m-line of %s: send one of each kind at most", media)
		}
		seen[media] = true
		line, err := readLine(m)
		if err != nil {
			return err
		}
		if err := declareLine(h, &line, lines); err != nil {
			return err
		}
	}
	if len(seen) == 0 {
		return unusable("the offer has no audio and no video m-line")
	}
	return nil
}

func unusable(format string, args ...any) error {
	return signaling.Errorf(signaling.CodeNegotiationUnusable, format, args...)
}

func declareLine(h *signaling.Hello, line *offeredLine, lines signaling.Lines) error {
	kind := signaling.Kind(line.media)
	if lines == signaling.LinesView {
		if !line.recvs {
			return unusable("m-line %.32s does not receive: offer recvonly to view", line.mid)
		}
		h.Offer.Slots = append(h.Offer.Slots, signaling.SlotOffer{MID: line.mid, Kind: signaling.SlotKind(kind), Group: viewGroup})
		return nil
	}
	if !line.sends {
		return unusable("m-line %.32s does not send: offer sendonly to publish", line.mid)
	}
	po := signaling.PublicationOffer{CID: line.mid, MID: line.mid, Kind: kind, Source: signaling.SourceMicrophone}
	if kind == signaling.KindVideo {
		po.Source = signaling.SourceCamera
	}
	for _, rid := range bySize(line.rids) {
		po.Encodings = append(po.Encodings, signaling.EncodingOffer{RID: rid})
	}
	h.Publications = append(h.Publications, po)
	return nil
}

// sizeNames are the first letters that name encodings by their size: quarter, half, full; low, middle, high.
var sizeNames = [...]string{"qhf", "lmh"}

// bySize puts the smallest encoding first. Who names them by size has them ordered so; of all others the one that is listed
// first is preferred (RFC 8853, section 5.2), so it is the largest: OBS calls it 0.
func bySize(rids []string) []string {
	out := slices.Clone(rids)
	for _, letters := range sizeNames {
		place := func(rid string) int { return strings.IndexByte(letters, (rid + " ")[0]|0x20) }
		known := map[int]bool{}
		for _, rid := range rids {
			if i := place(rid); i >= 0 {
				known[i] = true
			}
		}
		if len(known) == len(rids) {
			slices.SortFunc(out, func(a, b string) int { return place(a) - place(b) })
			return out
		}
	}
	slices.Reverse(out)
	return out
}
