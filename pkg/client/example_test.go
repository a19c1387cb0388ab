package client_test

import (
	"context"
	"fmt"

	"github.com/pion/rtp"

	"github.com/heliograph/heliograph/pkg/client"
	"github.com/heliograph/heliograph/pkg/signaling"
)

// A bot that watches one room, without a token of its own on the machine of the server.
func ExampleJoin() {
	ctx := context.Background()
	bot, err := client.Join(ctx, client.Config{
		URL:      "http://localhost:8080/r/hello",
		Name:     "Recorder",
		OnPacket: func(s *client.Slot, p *rtp.Packet) { fmt.Println(s.Codec(), p.SequenceNumber, len(p.Payload)) },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer bot.Close()
	var items []signaling.ViewItem
	for _, p := range bot.Participants() {
		items = append(items, signaling.ViewItem{Participant: p.ID, Width: 640, Height: 360})
	}
	if err := bot.View(ctx, items...); err != nil {
		fmt.Println(err)
	}
	<-bot.Done()
	fmt.Println(bot.Err())
}
