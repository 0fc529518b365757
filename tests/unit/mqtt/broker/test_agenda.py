from keyfob.mqtt.broker.agenda import Agenda


def test_appointments_come_in_time_order_and_once() -> None:
    agenda, done = Agenda(), list[str]()
    agenda.at(20, lambda: done.append("later"))
    agenda.at(10, lambda: done.append("sooner"))
    cancelled = agenda.at(5, lambda: done.append("never"))
    cancelled.cancel()
    agenda.run(9)
    assert done == []
    agenda.run(20)
    agenda.run(30)
    assert done == ["sooner", "later"]


def test_an_appointment_may_make_another() -> None:
    agenda, done = Agenda(), list[int]()

    def again() -> None:
        agenda.at(1, lambda: done.append(1))

    agenda.at(1, again)
    agenda.run(1)
    assert done == [1]
