"""The pages of figures."""

app_name = "figures"
urlpatterns: list = []
