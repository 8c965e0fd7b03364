/** The rule that an optimizer's options describe. Part of the oracle. */
import type { Optimizer } from "../../../index.js";
import { adam, rowwiseAdam } from "./adams.js";
import { ftrl } from "./ftrl.js";
import { momentumSgd } from "./momentum.js";
import type { Rule } from "./rule.js";
import { cfSgd, faSgd, plainSgd, tallygrad } from "./scalar-rules.js";
import { adagrad, rmsprop, rowwiseAdagrad } from "./square-sums.js";

export function ruleOf(optimizer: Optimizer): Rule {
  switch (optimizer.type) {
    case "tallygrad":
      return tallygrad(optimizer);
    case "sgd":
      return (optimizer.momentum ?? 0) === 0 ? plainSgd(optimizer) : momentumSgd(optimizer);
    case "fa-sgd":
      return faSgd(optimizer);
    case "cf-sgd":
      return cfSgd(optimizer);
    case "adagrad":
      return adagrad(optimizer);
    case "rowwise-adagrad":
      return rowwiseAdagrad(optimizer);
    case "adam":
    case "adamw":
      return adam(optimizer);
    case "rowwise-adam":
      return rowwiseAdam(optimizer);
    case "rmsprop":
      return rmsprop(optimizer);
    case "ftrl":
      return ftrl(optimizer);
  }
}
