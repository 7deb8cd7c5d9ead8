"""The presence switch."""

from django.contrib.admin.views.decorators import staff_member_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from ticketroute.django import desks


@require_POST
@staff_member_required
def presence(request: HttpRequest) -> HttpResponse:
    """Make the user available or away."""
    wanted = "available" if request.POST.get("presence") == "available" else "away"
    desks["default"].set_presence(str(request.user.pk), wanted)
    back = request.headers.get("referer", "/")
    allowed = url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()})
    return redirect(back if allowed else "/")
