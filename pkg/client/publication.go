package client

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/pion/webrtc/v4"

	"github.com/heliograph/heliograph/pkg/signaling"
)

// Format is what is published.
type Format struct {
	Source signaling.Source
	Codec  string // by its name in the protocol: opus, vp8, vp9, h264, av1. Empty: opus or vp8
	Muted  bool

	// Width and Height are the size of video in pixels, of its largest encoding.
	Width, Height int
	// Encodings are those of simulcast, the smallest first. None: one encoding without a RID.
	Encodings []signaling.EncodingOffer
}

func (f *Format) kind() signaling.Kind {
	if f.Source == signaling.SourceMicrophone || f.Source == signaling.SourceScreenAudio {
		return signaling.KindAudio
	}
	return signaling.KindVideo
}

func (f *Format) codec() string {
	switch {
	case f.Codec != "":
		return f.Codec
	case f.kind() == signaling.KindAudio:
		return "opus"
	}
	return "vp8"
}

// sameLine tells whether two formats can follow each other on an m-line: the server ties each SSRC to it and its RID for good.
func (f *Format) sameLine(g *Format) bool {
	rid := func(a, b signaling.EncodingOffer) bool { return a.RID == b.RID }
	return f.kind() == g.kind() && f.codec() == g.codec() && slices.EqualFunc(f.Encodings, g.Encodings, rid)
}

// Publication is a track that a participant offers to the room. Media is sent by its encodings.
type Publication struct {
	// Fixed after construction.
	participant *Participant
	transceiver *webrtc.RTPTransceiver
	encodings   []*Encoding

	// Owned by the holder of the participant's negotiating.
	format Format
	mid    string

	// Guarded by mu.
	mu sync.Mutex
	id string // empty while it is not published
}

// line is a publication's m-line: a free one of the same format, or a new one. The caller holds negotiating.
func (p *Participant) line(f Format) (*Publication, error) {
	for i, pub := range p.free {
		if pub.format.sameLine(&f) {
			p.free = slices.Delete(p.free, i, i+1)
			pub.format = f
			return pub, nil
		}
	}
	parameters, err := codecParameters(f.codec())
	if err != nil {
		return nil, err
	}
	pub := &Publication{participant: p, format: f}
	encodings := f.Encodings
	if len(encodings) == 0 {
		encodings = []signaling.EncodingOffer{{}}
	}
	for _, e := range encodings {
		pub.encodings = append(pub.encodings, newEncoding(p, &f, e.RID, parameters[0].RTPCodecCapability))
	}
	pub.transceiver, err = p.pc.AddTransceiverFromTrack(track{pub.encodings[0]}, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
	if err != nil {
		return nil, fmt.Errorf("add a publication: %w", err)
	}
	for _, e := range pub.encodings[1:] {
		if err := pub.transceiver.Sender().AddEncoding(track{e}); err != nil {
			return nil, fmt.Errorf("add an encoding: %w", err)
		}
	}
	return pub, offerOnly(pub.transceiver, f.codec())
}

// cid names the publication until the server has named it.
func (p *Publication) cid() string { return "mid" + p.mid }

// offer is the publication as the protocol declares it. Its m-line has a mid.
func (p *Publication) offer() signaling.PublicationOffer {
	f := &p.format
	for _, e := range p.encodings {
		e.name(p.mid)
	}
	return signaling.PublicationOffer{
		CID: p.cid(), Source: f.Source, Kind: f.kind(), MID: p.mid, Muted: f.Muted, Width: f.Width, Height: f.Height,
		Encodings: f.Encodings, Codecs: []string{f.codec()},
	}
}

// encodingsLocked sends the encodings that the server asks for. p.mu is held.
func (p *Participant) encodingsLocked(e *signaling.PublicationEncodings) {
	for _, pub := range p.publications {
		if e.Publication == "" || pub.ID() != e.Publication {
			continue
		}
		for _, s := range e.Encodings {
			for _, own := range pub.encodings {
				if own.rid == s.RID {
					own.pause(!s.Active)
				}
			}
		}
	}
}

func (p *Publication) began(id string) {
	p.mu.Lock()
	p.id = id
	p.mu.Unlock()
	for _, e := range p.encodings {
		e.pause(false)
	}
}

// Publish publishes a track, in one round trip. The error wraps a *RequestError if the server refused.
func (p *Participant) Publish(ctx context.Context, f Format) (*Publication, error) {
	var pub *Publication
	err := p.negotiate(ctx, func() error {
		var err error
		if pub, err = p.line(f); err != nil {
			return err
		}
		o, err := p.offer([]*Publication{pub})
		if err != nil {
			return err
		}
		var ok signaling.PublishOK
		r := signaling.Publish{PublicationOffer: pub.offer(), Offer: *o.wire}
		if err := p.request(ctx, signaling.TypePublish, r, &ok); err != nil {
			p.free = append(p.free, pub)
			return err
		}
		if err := p.answered(o, &ok.Answer); err != nil {
			return err
		}
		return p.publishedAs([]*Publication{pub}, []signaling.Published{ok.Published})
	})
	if err != nil {
		return nil, err
	}
	return pub, nil
}

// Publications lists what the participant publishes, those of the join first.
func (p *Participant) Publications() []*Publication {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.publications)
}

// ID is the publication's id in the room; empty after Unpublish.
func (p *Publication) ID() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.id
}

// Format is what was published.
func (p *Publication) Format() Format { return p.format }

// Encodings are those of simulcast, the smallest first, or the only one.
func (p *Publication) Encodings() []*Encoding { return p.encodings }

// Encoding is the one with this index, the smallest first.
func (p *Publication) Encoding(i int) *Encoding { return p.encodings[i] }

// Unpublish ends the publication. Its m-line is kept for the next one of its format. Later calls do nothing.
func (p *Publication) Unpublish(ctx context.Context) error {
	owner := p.participant
	return owner.negotiate(ctx, func() error {
		p.mu.Lock()
		id := p.id
		p.id = ""
		p.mu.Unlock()
		if id == "" {
			return nil
		}
		for _, e := range p.encodings {
			e.pause(true)
		}
		owner.mu.Lock()
		owner.publications = slices.DeleteFunc(owner.publications, func(o *Publication) bool { return o == p })
		owner.mu.Unlock()
		owner.free = append(owner.free, p)
		return owner.request(ctx, signaling.TypeUnpublish, signaling.Unpublish{Publication: id}, nil)
	})
}

// Mute tells the room that the publication is muted or not. What to send while it is muted is up to the program: usually nothing.
func (p *Publication) Mute(ctx context.Context, muted bool) error {
	return p.participant.request(ctx, signaling.TypePublicationUpdate, signaling.PublicationUpdate{Publication: p.ID(), Muted: &muted}, nil)
}
