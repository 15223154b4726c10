"""Log-odds with an informative Dirichlet prior, for the tests of src/stats/keyness.rs.

    python3 -m venv venv && venv/bin/pip install scipy==1.17.1
    venv/bin/python tests/reference/keyness.py

Writes keyness.json beside this script: made-up counts of terms in three groups, and what equations
15, 16, 20 and 22 of Monroe, Colaresi & Quinn (2008) give for each group against the rest, written
out word by word in logarithms of odds. Normal tail, Benjamini-Hochberg and Spearman are scipy's.
"""

import json
import math
import pathlib
import random

from scipy import stats

HERE = pathlib.Path(__file__).parent
draw = random.Random(11)
TERMS, GROUPS, ALPHA0, LEAST, TOP = 36, 3, 250.0, 3, 10

terms = []
for index in range(TERMS):
    frequency = 400 / (index + 1) ** 1.1
    by_group = [
        max(0, round(frequency * size * math.exp(draw.gauss(0, 0.6)) - draw.random()))
        for size in (1.0, 0.4, 1.7)
    ]
    documents = min(sum(by_group), draw.randint(1, 40))
    terms.append({"term": f"w{index:02}", "by_group": by_group, "documents": documents})
# A term that one group alone uses, and one that stands in none.
terms[30].update(by_group=[0, 9, 0], documents=5)
terms[31].update(by_group=[0, 0, 0], documents=3)
given = [round(draw.uniform(0.5, 900 / (index + 1)), 2) for index in range(TERMS)]


def zetas(alpha0, background):
    kept = [t for t in range(TERMS) if terms[t]["documents"] >= LEAST]
    pooled = {t: sum(terms[t]["by_group"]) for t in kept}
    weight = pooled if background is None else {t: background[t] for t in kept}
    rows = []
    for group in range(GROUPS):
        inside = {t: terms[t]["by_group"][group] for t in kept}
        outside = {t: pooled[t] - inside[t] for t in kept}
        for t in kept:
            prior = alpha0 * weight[t] / sum(weight.values())
            if prior == 0:
                continue

            def omega(counts):
                theta = (counts[t] + prior) / (sum(counts.values()) + alpha0)
                return math.log(theta) - math.log1p(-theta)

            delta = omega(inside) - omega(outside)
            error = math.sqrt(1 / (inside[t] + prior) + 1 / (outside[t] + prior))
            rows.append(
                {
                    "group": group,
                    "term": terms[t]["term"],
                    "log_odds": delta,
                    "std_error": error,
                    "z": delta / error,
                    "p": 2 * stats.norm.sf(abs(delta / error)),
                }
            )
    for row, adjusted in zip(rows, stats.false_discovery_control([row["p"] for row in rows])):
        row["p_adjusted"] = float(adjusted)
        row["p"] = float(row["p"])
    return rows


def sensitivity(background):
    rows = []
    for group in range(GROUPS):
        z = lambda factor: {
            row["term"]: row["z"]
            for row in zetas(factor * ALPHA0, background)
            if row["group"] == group
        }
        first = lambda of: set(sorted(of, key=lambda term: -of[term])[:TOP])
        chosen = z(1)
        for factor in (0.1, 10.0):
            other = z(factor)
            rows.append(
                {
                    "group": group,
                    "factor": factor,
                    "rank_correlation": float(
                        stats.spearmanr(list(chosen.values()), list(other.values())).statistic
                    ),
                    "overlap": len(first(chosen) & first(other)) / TOP,
                }
            )
    return rows


answer = {
    "alpha0": ALPHA0,
    "least_documents": LEAST,
    "top": TOP,
    "terms": terms,
    "background": given,
    "pooled": {"terms": zetas(ALPHA0, None), "sensitivity": sensitivity(None)},
    "given": {"terms": zetas(ALPHA0, given), "sensitivity": sensitivity(given)},
}
(HERE / "keyness.json").write_text(json.dumps(answer).replace("}, {", "},\n{") + "\n")
