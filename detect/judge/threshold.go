package judge

import "time"

// Thresholds are the numbers of the rules of evidence, each named with its
// rule. They are printed with every result that rests on them.
type Thresholds struct {
	CalibrationTokens int64   // rule 1: fewer distinct tokens of a host are not_checked
	CalibrationShare  float64 // rule 1: least share of them whose hash is reproduced

	StrayAfter     time.Duration // rule 2: requests further than this from all others were logged by a clock that stood wrong
	StrayShare     float64       // rule 2: if they are no greater share of all
	NodeTokens     int64         // rule 3: a node of a hosting network brings more tokens
	NodeAgents     int64         // rule 3: and at least this many user agents
	ProxyShare     float64       // rule 3: a signer sees its own proxy where more of the tokens are signed for one address
	ClockLinks     int64         // rule 7: links with an expiry error from which their times are compared
	ClockShare     float64       // rule 7: share of them that has to cluster
	RetryWindow    time.Duration // rule 8: refusals of one path from one address within it are one
	Linger         time.Duration // rule 9: a download that goes on for longer after a refusal elsewhere is another viewer's; nginx gives up a viewer who takes nothing after as long (send_timeout, by default)
	Networks       int           // rule 10: unrelated networks that make many_networks
	MediaRequests  int           // rule 10: media requests of a network that plays on its own
	IDNetworks     int           // rule 10: networks in which one id may be in use within RetryWindow, or side by side for different titles
	IDStrangers    int           // rule 10: networks with nothing in common in which no one id is in use within a day
	Missing        float64       // rule 11: share of requests missing from the log above which classes that need order go
	Recovery       time.Duration // rule 12: served with another link within it is recovered
	Confidence     float64       // rule 13: of each one-sided bound
	Replicates     int           // rule 13: of the bootstrap of request shares
	BootstrapUsers int           // rule 13: above it the ratio estimator's normal approximation
	ListedBelow    int64         // rule 14: fewer affected users are listed only
	DecidesFrom    int64         // rule 14: this many affected users of a host decide
	WorthShare     float64       // rule 15: least lower bound of affected among bound users
	AcceptedLow    float64       // rule 15: least lower bound of accepted users for widen
	GainLow        float64       // rule 15: least lower bound of the paired gain of a wider mask
	GainUsers      int64         // rule 15: least number of users it gains
	PartlyHigh     float64       // rule 15: least upper bound for helps_partly
	CarrierUsers   int64         // rule 16: affected users of a carrier with a line of its own
	CarrierShare   float64       // rule 16: share of the affected users from which a carrier is named
	CarrierLow     float64       // rule 16: if fewer than this share of them is accepted
	StrangersVeto  float64       // rule 17: a lower bound of strangers let in above it vetoes
	StrangerLinks  int64         // rule 17: shared links from which strangers count as measured
	ExposureSay    float64       // rule 17: exposure above it is named as the price
	TimelineSteps  int           // steps kept of a flagged user's timeline
}

// Default gives the thresholds of the rules of evidence.
func Default() Thresholds {
	return Thresholds{
		CalibrationTokens: 30, CalibrationShare: 0.99,
		StrayAfter: 365 * 24 * time.Hour, StrayShare: 0.1,
		NodeTokens: 50, NodeAgents: 5, ProxyShare: 0.5,
		ClockLinks: 30, ClockShare: 0.8,
		RetryWindow: 30 * time.Second, Linger: 60 * time.Second,
		Networks: 3, MediaRequests: 3, IDNetworks: 6, IDStrangers: 30,
		Missing: 0.1, Recovery: 10 * time.Second,
		Confidence: 0.95, Replicates: 1000, BootstrapUsers: 20000,
		ListedBelow: 10, DecidesFrom: 30,
		WorthShare: 0.005, AcceptedLow: 0.80, GainLow: 0.05, GainUsers: 10, PartlyHigh: 0.50,
		CarrierUsers: 30, CarrierShare: 0.10, CarrierLow: 0.50,
		StrangersVeto: 0.05, StrangerLinks: 60, ExposureSay: 0.05,
		TimelineSteps: 100,
	}
}

// Named gives the thresholds by the names the report prints, durations in
// seconds.
func (t Thresholds) Named() map[string]float64 {
	return map[string]float64{
		"calibration_tokens":   float64(t.CalibrationTokens),
		"calibration_share":    t.CalibrationShare,
		"stray_after_days":     t.StrayAfter.Hours() / 24,
		"stray_share":          t.StrayShare,
		"node_tokens":          float64(t.NodeTokens),
		"node_agents":          float64(t.NodeAgents),
		"proxy_share":          t.ProxyShare,
		"clock_links":          float64(t.ClockLinks),
		"clock_share":          t.ClockShare,
		"retry_window_s":       t.RetryWindow.Seconds(),
		"linger_s":             t.Linger.Seconds(),
		"many_networks":        float64(t.Networks),
		"media_requests":       float64(t.MediaRequests),
		"id_networks":          float64(t.IDNetworks),
		"id_strangers":         float64(t.IDStrangers),
		"missing_share":        t.Missing,
		"recovery_s":           t.Recovery.Seconds(),
		"confidence":           t.Confidence,
		"bootstrap_replicates": float64(t.Replicates),
		"bootstrap_users":      float64(t.BootstrapUsers),
		"listed_below_users":   float64(t.ListedBelow),
		"decides_from_users":   float64(t.DecidesFrom),
		"worth_share":          t.WorthShare,
		"accepted_low":         t.AcceptedLow,
		"gain_low":             t.GainLow,
		"gain_users":           float64(t.GainUsers),
		"helps_partly_high":    t.PartlyHigh,
		"carrier_users":        float64(t.CarrierUsers),
		"carrier_share":        t.CarrierShare,
		"carrier_accepted":     t.CarrierLow,
		"strangers_veto":       t.StrangersVeto,
		"strangers_links":      float64(t.StrangerLinks),
		"exposure_named_above": t.ExposureSay,
		"timeline_steps":       float64(t.TimelineSteps),
	}
}
