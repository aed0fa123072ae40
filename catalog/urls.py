from django.urls import path

from catalog.views import compare, hosts, offers, sync

urlpatterns = [
    path("catalog/", offers.catalog, name="catalog"),
    path("catalog/compare/", compare.side_by_side, name="catalog-compare"),
    path("catalog/<slug:publisher>/<str:model>/", offers.model, name="catalog-model"),
    path("offers/<int:offer_id>/", offers.offer, name="offer"),
    path("offers/<int:offer_id>/price/", offers.set_price, name="offer-price"),
    path("offers/<int:offer_id>/show/", offers.show_offer, name="offer-show"),
    path("hosts/", hosts.hosts, name="hosts"),
    path("hosts/new/", hosts.new_host, name="host-new"),
    path("hosts/<slug:slug>/", hosts.host, name="host"),
    path("hosts/<slug:slug>/change/", hosts.change_host, name="host-change"),
    path("hosts/<slug:slug>/progress/", sync.progress, name="host-progress"),
    path("hosts/<slug:slug>/sync/", sync.sync_host, name="host-sync"),
    path("hosts/<slug:slug>/check/", hosts.check_host, name="host-check"),
    path("hosts/<slug:slug>/switch/", hosts.switch_host, name="host-switch"),
    path("sync/", sync.runs, name="sync"),
    path("sync/<int:run_id>/settle/", sync.settle_run, name="run-settle"),
    path("sync/<int:run_id>/take/", sync.take_anyway, name="run-take"),
    path("changes/", sync.changes, name="changes"),
    path("changes/settle/", sync.settle_changes, name="changes-settle"),
    path("changes/<int:change_id>/apply/", sync.apply_change, name="change-apply"),
    path("changes/<int:change_id>/dismiss/", sync.dismiss_change, name="change-dismiss"),
    path("capacity/", hosts.capacity, name="capacity"),
]
