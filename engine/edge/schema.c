#include "edge/schema.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/near.h"

/* Rows: the deck's path, its C member, kind, shape, range, low, high, what it means. */
#define NO_LIMIT 1e31
#define ROW(group, section, name, type, member, kind, shape, range, low, high, standard, \
            choices, doc)                                                                \
  {                                                                                      \
    GROUP_##group, section, name, KIND_##kind, SHAPE_##shape, offsetof(type, member),    \
        RANGE_##range, low, high, standard, choices, doc                                 \
  }
#define KEY(section, name, kind, shape, range, low, high, doc)                            \
  ROW(SECTION, #section, #name, struct deck, section.name, kind, shape, range, low, high, \
      NULL, NULL, doc)
#define CHOICE(section, name, choices, doc)                                                 \
  ROW(SECTION, #section, #name, struct deck, section.name, CHOICE, ONE, CLOSED, 0, 2, NULL, \
      choices, doc)
#define GENERATION(name, kind, range, low, high, standard, doc)                               \
  ROW(GENERATION, "generations", #name, struct generation, name, kind, ONE, range, low, high, \
      standard, NULL, doc)
#define SITE(name, kind, range, low, high, standard, doc) \
  ROW(SITE, "sites", #name, struct site, name, kind, ONE, range, low, high, standard, NULL, doc)
#define CUSTOMER(name, kind, shape, range, low, high, doc)                                \
  ROW(CUSTOMER, "customers", #name, struct customer, name, kind, shape, range, low, high, \
      NULL, NULL, doc)
#define TRANCHE(name, kind, range, low, high, doc)                                         \
  ROW(TRANCHE, "tranches", #name, struct tranche, name, kind, ONE, range, low, high, NULL, \
      NULL, doc)
#define HISTORY(name, doc)                                                                \
  ROW(HISTORY, "history", #name, struct past_quarter, name, MONEY, ONE, OPEN_LOW, 0, 1e9, \
      "none", NULL, doc)

const struct key schema[] = {
    ROW(SECTION, "", "name", struct deck, name, TEXT, ONE, CLOSED, 0, 0, "the file's name",
        NULL, "name of the deck"),
    ROW(SECTION, "time", "start", struct deck, time.year, DATE, ONE, CLOSED, 0, 0, NULL, NULL,
        "date of t = 0, like 2026-04-01"),
    KEY(time, horizon, WHOLE_MONTHS, ONE, CLOSED, 1, MAX_MONTHS, "months that are simulated"),
    ROW(SECTION, "sampling", "paths", struct deck, sampling.paths, COUNT, ONE, CLOSED, 1,
        1099511627776.0, "100000", NULL, "number of paths"),
    ROW(SECTION, "sampling", "seed", struct deck, sampling.seed, COUNT, ONE, CLOSED, 0,
        18446744073709551615.0, "1", NULL, "seed of the draws, 64 bits"),
    ROW(SECTION, "sampling", "method", struct deck, sampling.method, CHOICE, ONE, CLOSED, 0, 2,
        "philox", "philox|sobol", "independent paths, or scrambled Sobol points"),
    ROW(SECTION, "sampling", "replicates", struct deck, sampling.replicates, COUNT, ONE, CLOSED,
        8, 4096, "32", NULL, "independent scrambles of Sobol points"),

    KEY(regime, transition_rate, RATE, MATRIX_3, CLOSED, -1e3, 1e3,
        "rates from one regime (row) to another; rows add to 0"),
    CHOICE(regime, initial_regime, "boom|plateau|winter", "regime at t = 0"),

    GENERATION(name, TEXT, CLOSED, 0, 0, NULL, "name of the generation"),
    GENERATION(start, MONTHS, CLOSED, -1e5, 1e5, NULL, "planned month of the first delivery"),
    GENERATION(planned_capacity, POWER, CLOSED, 0, 1e9, NULL,
               "chips on offer in all, by the power they take"),
    GENERATION(ramp_midpoint, MONTHS, CLOSED, 0, 1e4, NULL, "age at which half is delivered"),
    GENERATION(ramp_slope, MONTHLY, OPEN_LOW, 0, 1e4, NULL,
               "steepness of the logistic delivery curve"),
    GENERATION(slip_median, MONTHS, CLOSED, 0, 1e4, NULL, "median of the launch's slip"),
    GENERATION(slip_sigma, NUMBER, CLOSED, 0, 10, NULL, "spread of the slip's logarithm"),
    GENERATION(chip_power, CHIP_POWER, OPEN_LOW, 0, 1e4, NULL,
               "power of a chip with its share of the site; counts chips only"),
    GENERATION(performance, NUMBER, OPEN_LOW, 0, 1e6, NULL,
               "performance per GW, relative to the first generation"),
    GENERATION(chip_cost, COST, CLOSED, 0, 1e6, NULL, "cost of chips per GW"),
    GENERATION(own, FLAG, CLOSED, 0, 1, NULL, "the provider's own chip"),
    GENERATION(milestone, FLAG, CLOSED, 0, 1, "false", "counts in the milestone capacity"),

    KEY(fleet, initial_capacity, POWER, ONE, CLOSED, 0, 1e6, "chips in service at t = 0"),
    KEY(fleet, initial_performance, NUMBER, ONE, OPEN_LOW, 0, 1e6, "their performance per GW"),
    KEY(fleet, initial_cost, COST, ONE, CLOSED, 0, 1e6, "their cost, for depreciation only"),
    KEY(fleet, initial_own, FLAG, ONE, CLOSED, 0, 1, "they are own chips"),
    KEY(fleet, initial_retirement_start, MONTHS, ONE, CLOSED, -1e6, 1e6,
        "month in which they begin to retire"),
    KEY(fleet, initial_retirement_spread, MONTHS, ONE, OPEN_LOW, 0, 1e6,
        "months over which they retire"),
    KEY(fleet, service_life, WHOLE_MONTHS, ONE, CLOSED, 1, 10000, "life of a chip"),
    KEY(fleet, offer_life, MONTHS, ONE, CLOSED, 0, NO_LIMIT,
        "age at which a generation is no longer made"),
    KEY(fleet, slip_multiplier, NUMBER, ONE, CLOSED, 0, 1e3, "factor on all slips"),
    KEY(fleet, slip_correlation, NUMBER, ONE, CLOSED, 0, 1,
        "correlation of slips across generations"),
    KEY(fleet, yield_sigma, NUMBER, ONE, CLOSED, 0, 10, "spread of a generation's volume"),
    KEY(fleet, disruption_rate, RATE, ONE, CLOSED, 0, 1e3,
        "rate at which supply disruptions begin"),
    KEY(fleet, disruption_duration, YEARS, ONE, OPEN_LOW, 0, 1e3,
        "mean duration of a disruption"),
    KEY(fleet, disruption_speed, NUMBER, ONE, CLOSED, 0, 1,
        "speed of the roadmap while disrupted"),
    KEY(fleet, backfill_rate, POWER_RATE, ONE, CLOSED, 0, 1e6,
        "most that is bought in from others"),
    KEY(fleet, backfill_performance, NUMBER, ONE, OPEN_LOW, 0, 1e6,
        "performance per GW of what is bought in"),
    KEY(fleet, backfill_cost, COST, ONE, CLOSED, 0, 1e6, "its cost"),

    SITE(name, TEXT, CLOSED, 0, 0, "none", "name of the site"),
    SITE(capacity, POWER, CLOSED, 0, 1e9, NULL, "power of the site"),
    SITE(energised, WHOLE_MONTHS, CLOSED, -1e4, 1e4, NULL, "planned month of energisation"),
    SITE(delay_median, MONTHS, CLOSED, 0, 1e4, NULL, "median delay"),
    SITE(delay_sigma, NUMBER, CLOSED, 0, 10, NULL, "spread of the delay's logarithm"),
    SITE(cancel_probability, NUMBER, CLOSED, 0, 1, NULL,
         "probability that the site never comes"),
    SITE(committed, FLAG, CLOSED, 0, 1, "false", "starts as planned whatever the demand"),

    KEY(power, delay_multiplier, NUMBER, ONE, CLOSED, 0, 1e3, "factor on all delays"),
    KEY(power, cancel_multiplier, NUMBER, ONE, CLOSED, 0, 1e3,
        "factor on all cancellation probabilities"),
    KEY(power, delay_correlation, NUMBER, ONE, CLOSED, 0, 1,
        "correlation of delays across sites"),
    KEY(power, ramp, MONTHS, ONE, OPEN_LOW, 0, 1e4, "months from first to full power"),
    KEY(power, shell_cost, COST, ONE, CLOSED, 0, 1e6, "cost of a site without chips"),
    KEY(power, shell_lead, WHOLE_MONTHS, ONE, CLOSED, 1, 1000, "months of construction"),
    KEY(power, shell_life, MONTHS, ONE, OPEN_LOW, 0, 1e6, "life of a site, for depreciation"),
    KEY(power, cancel_cost_fraction, NUMBER, ONE, CLOSED, 0, 1,
        "part of the cost spent on a cancelled site"),

    CHOICE(build, mode, "fulfil|wait",
           "build to demand and promises, or as planned and wait for demand"),
    KEY(build, demand_margin, NUMBER, ONE, CLOSED, 0, 1e3, "target over demand seen"),
    KEY(build, order_lead, WHOLE_MONTHS, ONE, CLOSED, 0, 120,
        "how far ahead promised capacity is ordered"),
    KEY(build, capacity_cap, POWER, ONE, CLOSED, 0, NO_LIMIT,
        "most capacity that may be delivered"),

    KEY(market, initial_price, PRICE, ONE, OPEN_LOW, 0, 1e6,
        "market price of capacity at t = 0"),
    KEY(market, reversion_rate, RATE, ONE, CLOSED, 0, 1e3,
        "speed at which the price returns to its level"),
    KEY(market, price_level, PRICE, REGIMES, OPEN_LOW, 0, 1e6, "level of the price, by regime"),
    KEY(market, price_volatility, VOLATILITY, ONE, CLOSED, 0, 10, "volatility of the price"),
    KEY(market, spot_fraction, NUMBER, ONE, CLOSED, 0, 1,
        "part of idle capacity that can be sold spot"),

    KEY(base_business, initial_revenue, MONEY_RATE, ONE, OPEN_LOW, 0, 1e9,
        "AWS revenue without this contract"),
    KEY(base_business, initial_growth, RATE, ONE, CLOSED, -10, 10, "its growth at t = 0"),
    KEY(base_business, growth_reversion, RATE, ONE, CLOSED, 0, 12,
        "speed at which growth returns to its level"),
    KEY(base_business, growth_level, RATE, REGIMES, CLOSED, -10, 10,
        "level of growth, by regime"),
    KEY(base_business, growth_volatility, VOLATILITY, ONE, CLOSED, 0, 10,
        "volatility of growth (per year)"),
    KEY(base_business, revenue_volatility, VOLATILITY, ONE, CLOSED, 0, 10,
        "volatility of revenue"),
    KEY(base_business, cannibalisation, NUMBER, ONE, CLOSED, 0, 1,
        "part of contract revenue taken from the base business"),
    KEY(base_business, base_margin, NUMBER, ONE, CLOSED, -10, 1, "margin of the base business"),
    KEY(base_business, initial_obligations, MONEY, ONE, CLOSED, 0, 1e9,
        "remaining performance obligations of the rest of AWS"),
    KEY(base_business, book_to_bill, NUMBER, REGIMES, CLOSED, 0, 100,
        "bookings over revenue, by regime"),
    KEY(base_business, obligated_fraction, NUMBER, ONE, CLOSED, 0, 1,
        "part of revenue that goes through obligations"),

    KEY(correlation, factors, NUMBER, MATRIX_5, CLOSED, -1, 1,
        "correlation of revenue, growth, training, price, base"),
    KEY(correlation, between_customers, NUMBER, ONE, CLOSED, 0, 1,
        "common part of the customers' shocks"),

    KEY(demand, training_growth, RATE, REGIMES, CLOSED, -100, 100,
        "growth of training compute, by regime"),
    KEY(demand, efficiency_growth, RATE, ONE, CLOSED, -100, 100,
        "growth of algorithmic efficiency"),
    KEY(demand, efficiency_pass_through, NUMBER, ONE, CLOSED, 0, 1,
        "part of it that lowers demand"),
    KEY(demand, fade_floor, NUMBER, ONE, CLOSED, 0, 1, "what the growth of training fades to"),
    KEY(demand, fade_time, YEARS, ONE, OPEN_LOW, 0, 1e6, "time over which it fades"),
    KEY(demand, training_volatility, VOLATILITY, ONE, CLOSED, 0, 10,
        "volatility of training demand"),
    KEY(demand, inference_elasticity, NUMBER, ONE, CLOSED, 0, 10,
        "elasticity of inference demand to revenue"),

    KEY(funding, raise_probability, MONTHLY, REGIMES, CLOSED, 0, 1,
        "chance that an equity raise succeeds in a month, by regime"),
    KEY(funding, raise_multiple, YEARS, REGIMES, CLOSED, 0, 100,
        "largest raise in years of revenue, by regime"),
    KEY(funding, raise_trigger, MONTHS, ONE, CLOSED, 0, 1e3,
        "runway below which money is raised"),
    KEY(funding, raise_target, MONTHS, ONE, CLOSED, 0, 1e3, "runway that is raised to"),
    KEY(funding, overhead_share, NUMBER, ONE, CLOSED, 0, 1,
        "part of revenue spent on all but compute"),
    KEY(funding, budget_revenue_share, NUMBER, ONE, CLOSED, 0, 10,
        "part of revenue that may be spent on compute"),
    KEY(funding, budget_cash_rate, RATE, ONE, CLOSED, 0, 12,
        "part of cash that may be spent on compute"),
    KEY(funding, cash_ceiling, YEARS, ONE, CLOSED, 0, NO_LIMIT,
        "cash above this many years of revenue is paid out"),

    KEY(credit, hazard, RATE, REGIMES, CLOSED, 0, 1e10, "default intensity, by regime"),
    KEY(credit, hazard_growth_slope, YEARS, ONE, CLOSED, 0, 1e3,
        "how much slow growth raises it"),
    KEY(credit, hazard_growth_limit, NUMBER, ONE, CLOSED, 0, 100, "limit of that effect"),
    KEY(credit, hazard_runway_slope, NUMBER, ONE, CLOSED, 0, 1e3,
        "how much a short runway raises it"),
    KEY(credit, runway_reference, MONTHS, ONE, OPEN_LOW, 0, 1e4, "runway at which that begins"),
    KEY(credit, runway_limit, MONTHS, ONE, OPEN_LOW, 0, 1e4,
        "runway of a customer that burns no cash"),
    KEY(credit, hazard_cash_out, RATE, ONE, CLOSED, 0, 1e10, "added when cash is negative"),
    KEY(credit, recovery_mean, NUMBER, ONE, OPEN, 0, 1, "mean recovery rate"),
    KEY(credit, recovery_sd, NUMBER, ONE, OPEN, 0, 0.5, "its standard deviation"),
    KEY(credit, recovery_winter_factor, NUMBER, ONE, CLOSED, 0, 1,
        "factor on recovery in winter"),
    KEY(credit, receivable_months, MONTHS, ONE, CLOSED, 0, 1e3, "bills outstanding"),
    KEY(credit, recovery_lag, MONTHS, ONE, CLOSED, 0, 1e3, "months until a recovery is paid"),

    KEY(relet, lag, MONTHS, ONE, CLOSED, 0, 1000, "months before freed capacity is let again"),
    KEY(relet, time_constant, MONTHS, ONE, OPEN_LOW, 0, 1e4, "time over which it is let again"),
    KEY(relet, absorption, NUMBER, REGIMES, CLOSED, 0, 1,
        "part that the market takes, by regime"),
    KEY(relet, discount, NUMBER, ONE, CLOSED, 0, 1, "discount on the market price"),

    KEY(provider, operating_cost, PRICE, ONE, CLOSED, 0, 1e6, "energy and operation"),
    KEY(provider, idle_cost_fraction, NUMBER, ONE, CLOSED, 0, 1,
        "part of it that idle capacity costs"),
    KEY(provider, risk_free_rate, RATE, ONE, CLOSED, -1, 10, "discount rate of credit losses"),
    KEY(provider, discount_rate, RATE, ONE, CLOSED, -1, 10,
        "discount rate of the provider's cash"),
    KEY(provider, terminal_value, FLAG, ONE, CLOSED, 0, 1,
        "count what chips and sites are worth at the horizon"),
    CHOICE(provider, allocation, "priority|pro_rata",
           "how scarce capacity is shared among customers"),
    KEY(provider, payback_cutoff, WHOLE_MONTHS, ONE, CLOSED, 0, 10000,
        "month whose fleet the second payback follows"),
    KEY(provider, equity_price_to_sales, YEARS, REGIMES, CLOSED, 0, 1e3,
        "worth of a customer in years of its revenue, by regime"),
    KEY(provider, equity_discount_rate, RATE, ONE, CLOSED, -1, 10, "discount rate of stakes"),

    CUSTOMER(name, TEXT, ONE, CLOSED, 0, 0, "name of the customer"),
    CUSTOMER(start, WHOLE_MONTHS, ONE, CLOSED, 0, MAX_START,
             "month in which the contract begins"),
    CUSTOMER(term, WHOLE_MONTHS, ONE, CLOSED, 1, 12 * MAX_YEARS, "length of the contract"),
    CUSTOMER(commitment, MONEY, ONE, CLOSED, 0, 1e9, "spend committed over the term"),
    CUSTOMER(annual_minimum, MONEY_RATE, YEARLY, CLOSED, 0, 1e9,
             "take-or-pay minimum by contract year; 0 after the last"),
    CUSTOMER(guaranteed_capacity, POWER, YEARLY, CLOSED, 0, 1e9,
             "capacity promised by contract year; the last value goes on"),
    CUSTOMER(capacity_limit, POWER, ONE, CLOSED, 0, NO_LIMIT, "most the customer may use"),
    CUSTOMER(contract_price, PRICE, ONE, OPEN_LOW, 0, 1e6,
             "price at the start of the contract"),
    CUSTOMER(price_indexation, NUMBER, ONE, CLOSED, 0, 1,
             "part of market moves passed on at a yearly reset"),
    CUSTOMER(price_reset_limit, NUMBER, ONE, OPEN_LOW, 0, NO_LIMIT,
             "largest market move that a reset sees"),
    CUSTOMER(price_floor_fraction, NUMBER, ONE, CLOSED, 0, 10,
             "floor of the price, as a part of the first one"),
    CUSTOMER(carry_forward, NUMBER, ONE, CLOSED, 0, 1,
             "part of an excess that counts next year"),
    CUSTOMER(makeup_years, COUNT, ONE, CLOSED, 0, MAX_VINTAGES,
             "years in which a take-or-pay payment can be used up"),
    CUSTOMER(relief_fraction, NUMBER, ONE, CLOSED, 0, 10,
             "relief on the minimum for promised capacity that is missing"),
    CUSTOMER(credit_fraction, NUMBER, ONE, CLOSED, 0, 10, "service credit for it"),
    CUSTOMER(extension_rate, RATE, REGIMES, CLOSED, 0, 1e10,
             "rate of an extension once it is due, by regime"),
    CUSTOMER(extension_size, NUMBER, ONE, CLOSED, 0, 100,
             "size of the extension over the commitment"),
    CUSTOMER(extension_trigger, YEARS, ONE, CLOSED, 0, 1e10,
             "years of use left when it becomes due"),
    CUSTOMER(initial_revenue, MONEY_RATE, ONE, OPEN_LOW, 0, 1e12,
             "the customer's revenue at t = 0"),
    CUSTOMER(initial_growth, RATE, ONE, CLOSED, -10, 10, "its growth at t = 0"),
    CUSTOMER(growth_reversion, RATE, ONE, CLOSED, 0, 12,
             "speed at which growth returns to its level"),
    CUSTOMER(growth_level, RATE, REGIMES, CLOSED, -10, 10, "level of growth, by regime"),
    CUSTOMER(revenue_volatility, VOLATILITY, ONE, CLOSED, 0, 10, "volatility of revenue"),
    CUSTOMER(growth_volatility, VOLATILITY, ONE, CLOSED, 0, 10,
             "volatility of growth (per year)"),
    CUSTOMER(revenue_ceiling, MONEY_RATE, ONE, OPEN_LOW, 0, NO_LIMIT,
             "size of the market the customer can reach"),
    CUSTOMER(growth_from_investment, NUMBER, ONE, CLOSED, 0, 100,
             "growth that an investment adds, per year of revenue invested"),
    CUSTOMER(training_demand, POWER, ONE, CLOSED, 0, 1e9, "compute for training here at t = 0"),
    CUSTOMER(inference_demand, POWER, ONE, CLOSED, 0, 1e9,
             "compute for inference here at t = 0"),
    CUSTOMER(initial_share, NUMBER, ONE, OPEN, 0, 1,
             "share of the customer's compute bought here"),
    CUSTOMER(target_share, NUMBER, ONE, OPEN, 0, 1, "share it moves to"),
    CUSTOMER(share_recovery_rate, RATE, ONE, CLOSED, 0, 12, "speed of that move"),
    CUSTOMER(share_loss_rate, RATE, ONE, CLOSED, 0, 11.999999,
             "speed at which unmet demand moves away"),
    CUSTOMER(growth_starvation, RATE, ONE, CLOSED, 0, 1e3, "growth lost while demand is unmet"),
    CUSTOMER(distribution_share, NUMBER, ONE, CLOSED, 0, 1,
             "part of the customer's revenue sold through AWS"),
    CUSTOMER(take_rate, NUMBER, ONE, CLOSED, 0, 1, "part of that kept by AWS"),
    CUSTOMER(distribution_growth, RATE, ONE, CLOSED, -10, 10, "growth that distribution adds"),
    CUSTOMER(initial_cash, MONEY, ONE, CLOSED, -1e9, 1e12, "the customer's cash at t = 0"),
    CUSTOMER(other_spend, MONEY_RATE, YEARLY, CLOSED, 0, 1e12,
             "commitments to other clouds by model year; the last value goes on"),
    CUSTOMER(prior_investment, MONEY, ONE, CLOSED, 0, 1e9,
             "invested by the provider before t = 0"),
    CUSTOMER(prior_stake, NUMBER, ONE, CLOSED, 0, 1, "share of the customer bought with it"),
    CUSTOMER(renegotiation_rate, RATE, REGIMES, CLOSED, 0, 1e10,
             "rate of a renegotiation once use is low, by regime"),
    CUSTOMER(renegotiation_cut, NUMBER, ONE, CLOSED, 0, 1,
             "part of the open commitment that it cuts"),
    CUSTOMER(renegotiation_trigger, NUMBER, ONE, OPEN_LOW, 0, 1e10,
             "use is low when the minimum exceeds it by this factor"),

    TRANCHE(amount, MONEY, CLOSED, 0, 1e9, "investment of the tranche"),
    TRANCHE(spend_threshold, MONEY, CLOSED, 0, 1e9, "cumulative bill at which it is paid"),
    TRANCHE(capacity_threshold, POWER, CLOSED, 0, 1e9, "capacity at which it is paid"),
    TRANCHE(stake, NUMBER, CLOSED, 0, 1, "share of the customer bought with it"),

    ROW(HISTORY, "history", "end", struct past_quarter, year, DATE, ONE, CLOSED, 0, 0, NULL,
        NULL, "last day of a past quarter; nothing is computed from history, charts show it"),
    HISTORY(aws_revenue, "AWS revenue of that quarter"),
    HISTORY(aws_obligations, "remaining performance obligations at its end"),
};
const int schema_size = (int)(sizeof schema / sizeof schema[0]);

const struct list schema_lists[N_GROUPS] = {
    [GROUP_GENERATION] = {"generations", GROUP_GENERATION, offsetof(struct deck, generations),
                          offsetof(struct deck, n_generations), sizeof(struct generation), 0,
                          MAX_GENERATIONS, "generation"},
    [GROUP_SITE] = {"sites", GROUP_SITE, offsetof(struct deck, sites),
                    offsetof(struct deck, n_sites), sizeof(struct site), 1, MAX_SITES, "site"},
    [GROUP_HISTORY] = {"history", GROUP_HISTORY, offsetof(struct deck, history),
                       offsetof(struct deck, n_history), sizeof(struct past_quarter), 0,
                       MAX_HISTORY, "quarter"},
    [GROUP_CUSTOMER] = {"customers", GROUP_CUSTOMER, offsetof(struct deck, customers),
                        offsetof(struct deck, n_customers), sizeof(struct customer), 1,
                        MAX_CUSTOMERS, "customer"},
    [GROUP_TRANCHE] = {"tranches", GROUP_TRANCHE, offsetof(struct customer, tranches),
                       offsetof(struct customer, n_tranches), sizeof(struct tranche), 0,
                       MAX_TRANCHES, "tranche"},
};

bool schema_is_whole(const struct key *key) {
  return key->kind == KIND_WHOLE_MONTHS || key->kind == KIND_COUNT || key->kind == KIND_FLAG ||
         key->kind == KIND_CHOICE;
}

bool schema_holds(const struct key *key, double value) {
  const bool above = key->range == RANGE_CLOSED ? value >= key->low : value > key->low;
  const bool below = key->range == RANGE_OPEN ? value < key->high : value <= key->high;
  return above && below;
}

void schema_high(const struct key *key, char *words, size_t size) {
  if (key->high >= 1e30) {
    snprintf(words, size, "unlimited");
  } else if (key->high >= 0x1p64) { /* of a count: 64 bits */
    snprintf(words, size, "%" PRIu64, UINT64_MAX);
  } else {
    snprintf(words, size, "%.15g", key->high);
  }
}

void schema_range(const struct key *key, char *words, size_t size) {
  char high[40];
  const bool ends = key->high < 1e30;
  schema_high(key, high, sizeof high);
  snprintf(words, size, "%s %.15g%s%s", key->range == RANGE_CLOSED ? "at least" : "above",
           key->low,
           !ends                      ? ""
           : key->range == RANGE_OPEN ? " and below "
                                      : " and at most ",
           ends ? high : "");
}

size_t schema_values(enum shape shape) {
  switch (shape) {
    case SHAPE_REGIMES: return N_REGIMES;
    case SHAPE_YEARLY: return MAX_YEARS;
    case SHAPE_MATRIX_3: return N_REGIMES * N_REGIMES;
    case SHAPE_MATRIX_5: return N_FACTORS * N_FACTORS;
    case SHAPE_ONE: break;
  }
  return 1;
}

static bool belongs(const struct key *key, enum group group, const char *section) {
  return key->group == group && (group != GROUP_SECTION || strcmp(key->section, section) == 0);
}

const struct key *schema_find(enum group group, const char *section, const char *name) {
  for (int i = 0; i < schema_size; ++i) {
    if (belongs(&schema[i], group, section) && strcmp(schema[i].name, name) == 0) {
      return &schema[i];
    }
  }
  return NULL;
}

enum group schema_find_list(const char *name) {
  for (int group = GROUP_GENERATION; group < GROUP_TRANCHE; ++group) {
    if (strcmp(schema_lists[group].name, name) == 0) {
      return (enum group)group;
    }
  }
  return GROUP_SECTION;
}

bool schema_has_section(const char *section) {
  for (int i = 0; i < schema_size; ++i) {
    if (schema[i].group == GROUP_SECTION && schema[i].section[0] != '\0' &&
        strcmp(schema[i].section, section) == 0) {
      return true;
    }
  }
  return false;
}

const char *schema_suggest(enum group group, const char *section, const char *name) {
  const char *best = NULL;
  for (int i = 0; i < schema_size; ++i) {
    if (belongs(&schema[i], group, section)) {
      best = near_word(name, schema[i].name, best);
    }
  }
  return best;
}

void schema_name(const struct key *key, char *name, size_t size) {
  const char *const owner =
      key->group == GROUP_TRANCHE ? "customers[].tranches[]" : key->section;
  const bool item = key->group != GROUP_SECTION && key->group != GROUP_TRANCHE;
  snprintf(name, size, "%s%s%s%s", owner, item ? "[]" : "", owner[0] != '\0' ? "." : "",
           key->name);
}

const struct key *schema_elsewhere(const char *name) {
  const struct key *found = NULL;
  for (int i = 0; i < schema_size; ++i) {
    if (strcmp(schema[i].name, name) == 0) {
      if (found != NULL) {
        return NULL;
      }
      found = &schema[i];
    }
  }
  return found;
}

void schema_choices(const char *choices, char *words, size_t size) {
  size_t n = 0;
  for (const char *c = choices; *c != '\0' && n + 3 < size; ++c) {
    words[n++] = *c == '|' ? ',' : *c;
    if (*c == '|') {
      words[n++] = ' ';
    }
  }
  words[n] = '\0';
}

const char *schema_suggest_choice(const char *choices, const char *word, char *near,
                                  size_t size) {
  const char *best = NULL;
  char candidates[2][MAX_NAME];
  int spare = 0;
  for (const char *c = choices; *c != '\0'; c += *c == '|') {
    const size_t length = strcspn(c, "|");
    snprintf(candidates[spare], MAX_NAME, "%.*s", (int)length, c);
    if (near_word(word, candidates[spare], best) == candidates[spare]) {
      best = candidates[spare];
      spare = 1 - spare;
    }
    c += length;
  }
  snprintf(near, size, "%s", best != NULL ? best : "");
  return best != NULL ? near : NULL;
}

const char *schema_suggest_section(const char *section) {
  const char *best = near_word(section, "uncertain", near_word(section, "include", NULL));
  for (int i = 0; i < schema_size; ++i) {
    if (schema[i].group != GROUP_TRANCHE) {
      const char *candidate = schema[i].section[0] != '\0' ? schema[i].section : schema[i].name;
      best = near_word(section, candidate, best);
    }
  }
  return best;
}
