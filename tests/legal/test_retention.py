from app.core.records import every_model
from tests.page_client import PageClient


def test_every_table_of_the_house_is_on_the_page(client: PageClient) -> None:
    shown = {one.text for one in client.get("/legal/retention").all("th", scope="row")}

    assert shown == {str(model.__tablename__).replace("_", " ").capitalize() for model in every_model()}
