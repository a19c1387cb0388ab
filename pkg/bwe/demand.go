package bwe

import "time"

// Demand is what the sender has use for.
type Demand struct {
	Wanted   Bitrate // what would go out if the path carried everything
	NextStep Bitrate // the least rate at which something better than now could be sent, 0 for none
}

// SetDemand tells what the sender has use for. Probes are made only towards that.
func (e *Estimator) SetDemand(now time.Duration, d Demand) { e.demand = d }
