package sfu

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"
)

// A twin is the m-line of a slot that is offered like that of an earlier slot, its model. Pion does not see it: its answer is that of
// the model with other sources, and what the slot sends goes out by the model's stream, which takes any SSRC. For Pion a slot is a
// transceiver and a sender with their codecs and descriptions, 20 KiB and a fifth of a millisecond each.
//
//	offer   0 audio slot   1 audio slot   2 video slot   3 video slot   4 microphone
//	Pion    0                             2                             4
//	answer  0              like 0         2              like 2         4
//
// An m-line stays what it was first: later offers are read, and answered, the same way. On the fast path there are templates in the place of
// models, see template.go, and twins only of what has none.

// hideTwins takes out of an offer what Pion need not see: m-lines that have a template, and twins.
func (o *offer) hideTwins(desc *sdp.SessionDescription, known map[string]mediaLine, answers *templates) {
	bundled := bundle(desc)
	mayBe := func(line *offeredLine) bool {
		_, isSlot := o.slots[line.mid]
		return isSlot && line.recvs && !line.sends && slices.Contains(bundled, line.mid)
	}
	alike := map[string]int{} // m-lines by media: one alone needs no signature
	for i := range o.lines {
		if mayBe(&o.lines[i]) {
			alike[o.lines[i].media]++
		}
	}
	models := map[[sha256.Size]byte]string{} // mids by what is offered
	var seen []*sdp.MediaDescription
	hidden := map[string]bool{}
	made := 0
	for i, m := range desc.MediaDescriptions {
		line := &o.lines[i]
		before, isKnown := known[line.mid]
		if isKnown {
			line.tmpl = before.tmpl
		} else if mayBe(line) {
			line.tmpl = answers.of(m, &made)
		}
		switch {
		case line.tmpl != nil && len(bundled) > 0 && line.mid == bundled[0]:
			m = line.tmpl.bare(m)
		case line.tmpl != nil:
			hidden[line.mid] = true
			continue
		case isKnown && before.model != "":
			line.model = before.model
		case alike[line.media] > 1 && mayBe(line):
			offered := signature(m)
			if model, found := models[offered]; !found {
				models[offered] = line.mid
			} else if !isKnown {
				line.model = model
			}
		}
		if line.model == "" {
			seen = append(seen, m)
		} else {
			hidden[line.mid] = true
		}
	}
	if len(seen) == 0 { // the bundle has ended, and with it all slots
		seen = append(seen, o.lines[0].tmpl.bare(desc.MediaDescriptions[0]))
	}
	desc.MediaDescriptions = seen
	setBundle(desc, slices.DeleteFunc(bundled, func(mid string) bool { return hidden[mid] }))
}

// ownAttributes are those that may differ between a twin and its model: names, and what a bundle has once (RFC 8843, section 7.1.3).
var ownAttributes = []string{
	sdp.AttrKeyMID, sdp.AttrKeyMsid, sdp.AttrKeySSRC, sdp.AttrKeySSRCGroup, "ice-ufrag", "ice-pwd", "ice-options", "fingerprint", sdp.AttrKeyConnectionSetup,
	sdp.AttrKeyCandidate, sdp.AttrKeyEndOfCandidates, "bundle-only", "rtcp",
}

// signature is a hash of all that makes a difference for the answer to an m-line of a bundle. Attributes are in no order, codecs are in that
// of their formats. One hash for two m-lines must not be to be found: others get what was answered to it.
func signature(m *sdp.MediaDescription) [sha256.Size]byte {
	attributes := make([]sdp.Attribute, 0, len(m.Attributes))
	length := 64
	for _, a := range m.Attributes {
		if !slices.Contains(ownAttributes, a.Key) {
			attributes = append(attributes, a)
			length += len(a.Key) + len(a.Value) + 2
		}
	}
	slices.SortFunc(attributes, func(a, b sdp.Attribute) int { return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Value, b.Value)) })
	text := make([]byte, 0, length) // neither a key nor a value has a line break
	for _, a := range attributes {
		text = append(append(append(append(text, a.Key...), ':'), a.Value...), '\n')
	}
	for _, list := range [][]string{{m.MediaName.Media}, m.MediaName.Protos, m.MediaName.Formats} {
		for _, word := range list {
			text = append(append(text, word...), ' ')
		}
		text = append(text, '\n')
	}
	return sha256.Sum256(text)
}

// bundle lists the mids of the bundle (RFC 8843, section 7.2).
func bundle(desc *sdp.SessionDescription) []string {
	group, _ := desc.Attribute(sdp.AttrKeyGroup)
	f := strings.Fields(group)
	if len(f) == 0 || f[0] != "BUNDLE" {
		return nil
	}
	return f[1:]
}

func setBundle(desc *sdp.SessionDescription, mids []string) {
	for i, a := range desc.Attributes {
		if a.Key == sdp.AttrKeyGroup && strings.HasPrefix(a.Value, "BUNDLE") {
			desc.Attributes[i].Value = strings.Join(append([]string{"BUNDLE"}, mids...), " ")
		}
	}
}

// addTwins makes the slots that are new and that Pion has not seen. The models have their senders by now.
func (t *Transport) addTwins(o *offer, slots []*Slot) []*Slot {
	for _, s := range slots {
		t.tracks[s.mid] = s.track
	}
	for i := range o.lines {
		line := &o.lines[i]
		decl, isSlot := o.slots[line.mid]
		if line.model == "" && line.tmpl == nil || !isSlot || t.tracks[line.mid] != nil {
			continue
		}
		if line.tmpl != nil {
			s := t.newSlot(decl, webrtc.NewRTPCodecType(line.media), line.codec)
			s.track.alone(line.tmpl)
			t.tracks[s.mid] = s.track
			slots = append(slots, s)
			continue
		}
		model := t.tracks[line.model]
		if model == nil {
			continue // it was refused, and so is this one
		}
		s := t.newSlot(decl, model.media, line.codec)
		s.track.twin(model)
		t.tracks[s.mid] = s.track
		slots = append(slots, s)
	}
	at := func(mid string) int {
		return slices.IndexFunc(o.lines, func(l offeredLine) bool { return l.mid == mid })
	}
	slices.SortFunc(slots, func(a, b *Slot) int { return at(a.mid) - at(b.mid) })
	return slots
}

// twin binds the track to the stream of another one, with sources of its own.
func (t *slotTrack) twin(model *slotTrack) {
	b := model.bound.Load()
	if b == nil {
		return // the model's m-line was rejected
	}
	own := &boundTrack{ssrc: randomUint32(), out: b.out}
	if b.rtxSSRC != 0 {
		own.rtxSSRC = randomUint32()
	}
	t.bound.Store(own)
}

// answerTwins puts the answers to what Pion has not seen into its answer.
func (o *offer) answerTwins(desc *sdp.SessionDescription, tracks map[string]*slotTrack) {
	if !slices.ContainsFunc(o.lines, func(l offeredLine) bool { return l.model != "" || l.tmpl != nil }) {
		return
	}
	answered := map[string]*sdp.MediaDescription{}
	bundled := bundle(desc)
	var transport *sdp.MediaDescription // the first of the bundle
	for _, m := range desc.MediaDescriptions {
		mid, _ := m.Attribute(sdp.AttrKeyMID)
		answered[mid] = m
		if transport == nil && slices.Contains(bundled, mid) {
			transport = m
		}
	}
	var all []*sdp.MediaDescription
	var mids []string
	for i := range o.lines {
		line := &o.lines[i]
		m, of := answered[line.mid], line.mid
		if model := answered[line.model]; m == nil && model != nil {
			m, of = twinOf(model, line, tracks[line.mid]), line.model
		}
		if line.tmpl != nil && transport != nil {
			m, of = line.tmpl.answer(line, tracks[line.mid], m, transport), bundled[0]
		}
		if m == nil {
			m = rejected(line)
		}
		all = append(all, m)
		if m.MediaName.Port.Value != 0 && slices.Contains(bundled, of) {
			mids = append(mids, line.mid)
		}
	}
	desc.MediaDescriptions = all
	setBundle(desc, mids)
}

// twinOf makes the answer to a twin.
func twinOf(model *sdp.MediaDescription, line *offeredLine, track *slotTrack) *sdp.MediaDescription {
	m := *model
	m.Attributes = make([]sdp.Attribute, 0, len(model.Attributes))
	for _, a := range model.Attributes {
		switch a.Key {
		case sdp.AttrKeySSRC, sdp.AttrKeySSRCGroup, sdp.AttrKeyMsid, sdp.AttrKeyCandidate, sdp.AttrKeyEndOfCandidates:
			continue
		case sdp.AttrKeyMID:
			a.Value = line.mid
		case sdp.AttrKeySendOnly:
			if !line.recvs {
				a.Key = sdp.AttrKeyInactive
			}
		}
		m.Attributes = append(m.Attributes, a)
	}
	if line.stopped {
		m.MediaName.Port.Value = 0
	}
	if b := boundOf(track); b != nil && line.recvs {
		nameSources(&m, b, track)
	}
	return &m
}

// rejected makes the answer to an m-line that nothing comes of (RFC 3264, section 6).
func rejected(line *offeredLine) *sdp.MediaDescription {
	m := &sdp.MediaDescription{MediaName: sdp.MediaName{Media: line.media, Protos: []string{"UDP", "TLS", "RTP", "SAVPF"}, Formats: []string{"0"}}}
	return m.WithValueAttribute(sdp.AttrKeyMID, line.mid).WithPropertyAttribute(sdp.AttrKeyInactive)
}

func boundOf(t *slotTrack) *boundTrack {
	if t == nil {
		return nil
	}
	return t.bound.Load()
}

// nameSources names the sources of a slot as Pion does (RFC 5576, RFC 8830).
func nameSources(m *sdp.MediaDescription, b *boundTrack, t *slotTrack) {
	if b.rtxSSRC != 0 {
		m.WithValueAttribute(sdp.AttrKeySSRCGroup, sdp.SemanticTokenFlowIdentification+fmt.Sprintf(" %d %d", b.ssrc, b.rtxSSRC))
	}
	m.WithMediaSource(b.ssrc, t.streamID, t.streamID, t.id)
	if b.rtxSSRC != 0 {
		m.WithMediaSource(b.rtxSSRC, t.streamID, t.streamID, t.id)
	}
	m.WithPropertyAttribute(sdp.AttrKeyMsid + ":" + t.streamID + " " + t.id)
}

// endsModel tells whether an m-line that others are twins of is ended: theirs would end with it.
func (o *offer) endsModel(line *offeredLine, known map[string]mediaLine) bool {
	if line.recvs && !line.stopped || !known[line.mid].slot {
		return false
	}
	for _, other := range o.lines {
		if known[other.mid].model == line.mid && other.recvs && !other.stopped {
			return true
		}
	}
	return false
}
