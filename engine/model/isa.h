/* The names of the model that cross files, once per instruction set: each gets the set's
   suffix, so that the linker never takes one set's copy for another's and the formulas read as
   if there were one. */
#ifndef TENOR_MODEL_ISA_H
#define TENOR_MODEL_ISA_H

#include "random/isa.h"

#define regime_begin ISA_NAME(regime_begin)
#define regime_month ISA_NAME(regime_month)
#define supply_begin ISA_NAME(supply_begin)
#define supply_month ISA_NAME(supply_month)
#define sites_begin ISA_NAME(sites_begin)
#define sites_month ISA_NAME(sites_month)
#define sites_end ISA_NAME(sites_end)
#define price_begin ISA_NAME(price_begin)
#define price_month ISA_NAME(price_month)
#define demand_begin ISA_NAME(demand_begin)
#define demand_starvation ISA_NAME(demand_starvation)
#define demand_month ISA_NAME(demand_month)
#define allocation_month ISA_NAME(allocation_month)
#define binding_month ISA_NAME(binding_month)
#define contract_begin ISA_NAME(contract_begin)
#define contract_month ISA_NAME(contract_month)
#define financing_begin ISA_NAME(financing_begin)
#define financing_month ISA_NAME(financing_month)
#define credit_begin ISA_NAME(credit_begin)
#define credit_month ISA_NAME(credit_month)
#define amendment_month ISA_NAME(amendment_month)
#define amendment_soon ISA_NAME(amendment_soon)
#define relet_begin ISA_NAME(relet_begin)
#define relet_month ISA_NAME(relet_month)
#define provider_begin ISA_NAME(provider_begin)
#define provider_open_books ISA_NAME(provider_open_books)
#define provider_distribution ISA_NAME(provider_distribution)
#define provider_month ISA_NAME(provider_month)
#define provider_end ISA_NAME(provider_end)
#define record_begin ISA_NAME(record_begin)
#define record_month ISA_NAME(record_month)
#define record_end ISA_NAME(record_end)
#define floor_month ISA_NAME(floor_month)
#define kernel_this_isa ISA_NAME(kernel)

/* The name of the instruction set as text. */
#define ISA_TEXT_OF(isa) #isa
#define ISA_TEXT(isa) ISA_TEXT_OF(isa)
#define TENOR_ISA_TEXT ISA_TEXT(TENOR_ISA)

#endif
