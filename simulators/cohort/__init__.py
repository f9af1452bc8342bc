"""A virtual cohort: many people's years, judged by the hub's own rules, to see how often they are right."""
