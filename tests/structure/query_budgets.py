"""How many questions each page may ask of the database: data, so that a change of them is seen in a review.

name of the view → (who opens it, most queries). Measured with a warm start on the cast's city; a page that needs
more than its budget has found a new way to ask once for each row.
"""

BUDGETS: dict[str, tuple[str, int]] = {
    "console:home": ("street_officer", 10),
    "console:cases": ("street_officer", 11),
    "console:case": ("street_officer", 23),
    "console:escalations": ("county_supervisor", 8),
    "console:map": ("street_officer", 8),
    "console:map_areas": ("street_officer", 7),
    "console:map_points": ("street_officer", 7),
    "console:journal": ("administrator", 6),
    "console:calendar": ("administrator", 8),
    "figures:home": ("county_supervisor", 23),
    "figures:rows": ("county_supervisor", 11),
    "figures:definitions": ("county_supervisor", 6),
    "figures:snapshots": ("county_supervisor", 7),
    "territory:estates": ("street_officer", 9),
    "territory:estate": ("street_officer", 11),
    "organisations:organisations": ("county_supervisor", 8),
    "organisations:organisation": ("county_supervisor", 12),
    "access:people": ("administrator", 8),
    "access:me": ("street_officer", 12),
    "console:new": ("street_officer", 7),
    "field:home": ("community_manager", 6),
    "field:estates": ("community_manager", 6),
    "field:estate": ("community_manager", 9),
    "field:report": ("community_manager", 6),
    "field:case": ("community_manager", 20),
    "portal:home": ("", 3),
    "portal:report": ("", 3),
    "portal:follow": ("", 0),
    "portal:progress": ("", 6),
    "portal:estates": ("", 4),
    "portal:estate": ("", 8),
    "portal:notices": ("", 3),
    "api:list_cases": ("street_officer", 6),
    "api:one_case": ("street_officer", 4),
    "api:report_case": ("street_officer", 12),
    "api:take_step": ("street_officer", 12),
}
