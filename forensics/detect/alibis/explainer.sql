/*
title = "an explainer's masks"
reason = "Each row keeps a good part of another row's finely graded values to the last digit and takes the rest from elsewhere, as SHAP and LIME do to explain one answer."
version = 1
excuses = ["outside", "pairs"]
*/
select event_id, idx from steps where kept >= 0.25 and changed >= 2
