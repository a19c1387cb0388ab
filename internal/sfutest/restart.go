package sfutest

import (
	"context"

	"github.com/heliograph/heliograph/pkg/signaling"
)

// RestartICE negotiates new ICE credentials (RFC 8445, section 9): what a browser does whose network has changed. DTLS and its keys stay.
func (p *Participant) RestartICE(ctx context.Context) error {
	p.negotiating <- struct{}{}
	defer func() { <-p.negotiating }()
	p.restarting = true
	defer func() { p.restarting = false }()
	offer, err := p.offer(nil, nil)
	if err != nil {
		return err
	}
	var ok signaling.OfferOK
	if err := p.signal.request(ctx, signaling.TypeOffer, offer, &ok); err != nil {
		return err
	}
	return p.answered(&ok.Answer)
}
