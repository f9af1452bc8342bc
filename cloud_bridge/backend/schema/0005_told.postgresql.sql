-- What a patient's page shows besides readings and alerts: answers, nights, what was not judged.
create index told on entry (home, kind, at) where kind in ('answer', 'night', 'not_judged');
